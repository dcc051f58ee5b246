package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.redisson.api.RFencedLock;
import org.redisson.api.RLock;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** Redisson with its defaults: 24 to 64 connections, a watchdog that renews every lock. */
public final class Redisson implements Contender {

  /** Which of its locks. */
  public enum Kind {
    /** The usual one. */
    LOCK,
    /** With fencing tokens. */
    FENCED,
    /** First come, first served. */
    FAIR
  }

  private static final String SENTINELS = "redis-sentinel://";

  private final Kind kind;
  private final RedissonClient client;

  /** Connects. */
  public Redisson(Kind kind, Settings settings) {
    this.kind = kind;
    Config config = new Config();
    config.setLockWatchdogTimeout(settings.leaseMillis());
    if (settings.address().startsWith(SENTINELS)) {
      watch(config, settings.address().substring(SENTINELS.length()));
    } else {
      config.useSingleServer().setAddress("redis://" + settings.address());
    }
    client = org.redisson.Redisson.create(config);
  }

  @Override
  public Held acquire(String lock) {
    if (kind == Kind.FENCED) {
      RFencedLock fenced = client.getFencedLock(lock);
      return new Taken(fenced, fenced.lockAndGetToken());
    }
    RLock plain = kind == Kind.FAIR ? client.getFairLock(lock) : client.getLock(lock);
    plain.lock();
    return new Taken(plain, Held.NO_TOKEN);
  }

  // Without a waiting time, the fenced one never answers if the lock is taken.
  @Override
  public Optional<Held> tryAcquire(String lock) {
    if (kind == Kind.FENCED) {
      RFencedLock fenced = client.getFencedLock(lock);
      return Optional.ofNullable(fenced.tryLockAndGetToken(0, TimeUnit.SECONDS))
          .map(token -> new Taken(fenced, token));
    }
    RLock plain = kind == Kind.FAIR ? client.getFairLock(lock) : client.getLock(lock);
    return plain.tryLock() ? Optional.of(new Taken(plain, Held.NO_TOKEN)) : Optional.empty();
  }

  @Override
  public void close() {
    client.shutdown();
  }

  /** From {@code host:port,…/0#master}. */
  private static void watch(Config config, String sentinels) {
    int slash = sentinels.indexOf('/');
    config
        .useSentinelServers()
        .setMasterName(sentinels.substring(sentinels.indexOf('#') + 1))
        .addSentinelAddress(
            Arrays.stream(sentinels.substring(0, slash).split(",", -1))
                .map(address -> "redis://" + address)
                .toArray(String[]::new));
  }

  private record Taken(RLock lock, long token) implements Held {
    @Override
    public boolean isHeld() {
      return lock.isHeldByCurrentThread();
    }

    @Override
    public void release() {
      lock.unlock();
    }
  }
}
