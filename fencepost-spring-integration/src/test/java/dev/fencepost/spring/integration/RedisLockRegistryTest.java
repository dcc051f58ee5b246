package dev.fencepost.spring.integration;

import dev.fencepost.testkit.process.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisLockRegistryTest extends LockRegistryContract {
  private static final RedisServer REDIS = new RedisServer();

  @BeforeAll
  static void startRedis() {
    REDIS.start();
  }

  @AfterAll
  static void stopRedis() {
    REDIS.close();
  }

  @Override
  String store() {
    return REDIS.uri();
  }
}
