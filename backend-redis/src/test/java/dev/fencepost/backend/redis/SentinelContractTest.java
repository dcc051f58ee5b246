package dev.fencepost.backend.redis;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.RedisSentinels;

final class SentinelContractTest extends LockBackendContract {

  @Override
  protected StoreUnderTest store() {
    SentinelStore store = new SentinelStore();
    store.awaitSettled();
    return store;
  }

  private static final class SentinelStore extends RedisStoreUnderTest {
    private final RedisSentinels sentinels = new RedisSentinels();

    @Override
    String uri() {
      return sentinels.uri();
    }

    @Override
    String cli(String... command) {
      return sentinels.master().cli(command);
    }

    @Override
    void everywhere(String... command) {
      sentinels.master().cli(command);
    }

    @Override
    public void restart() {
      sentinels.restart();
    }

    @Override
    public void close() {
      sentinels.close();
    }
  }
}
