package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.redisson.Redisson;
import org.redisson.api.RFencedLock;
import org.redisson.api.RLock;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** Redisson with its defaults: 24 to 64 connections, and a watchdog that renews every lock. */
public final class RedissonPeer implements Contender {

  /** The kind of lock. */
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
  public RedissonPeer(Kind kind, ContenderSettings settings) {
    this.kind = kind;
    Config config = new Config();
    config.setLockWatchdogTimeout(settings.leaseMillis());
    if (settings.address().startsWith(SENTINELS)) {
      useSentinels(config, settings.address().substring(SENTINELS.length()));
    } else {
      config.useSingleServer().setAddress("redis://" + settings.address());
    }
    client = Redisson.create(config);
  }

  @Override
  public TakenLock acquire(String lock) {
    if (kind == Kind.FENCED) {
      RFencedLock fenced = client.getFencedLock(lock);
      return new TakenRedissonLock(fenced, fenced.lockAndGetToken());
    }
    RLock plain = plainLock(lock);
    plain.lock();
    return new TakenRedissonLock(plain, TakenLock.NO_TOKEN);
  }

  // Without a waiting time, the fenced lock never answers while it is taken.
  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    if (kind == Kind.FENCED) {
      RFencedLock fenced = client.getFencedLock(lock);
      return Optional.ofNullable(fenced.tryLockAndGetToken(0, TimeUnit.SECONDS))
          .map(token -> new TakenRedissonLock(fenced, token));
    }
    RLock plain = plainLock(lock);
    return plain.tryLock()
        ? Optional.of(new TakenRedissonLock(plain, TakenLock.NO_TOKEN))
        : Optional.empty();
  }

  @Override
  public void close() {
    client.shutdown();
  }

  private RLock plainLock(String lock) {
    return kind == Kind.FAIR ? client.getFairLock(lock) : client.getLock(lock);
  }

  /** Reads {@code host:port,…/0#master}. */
  private static void useSentinels(Config config, String sentinels) {
    int slash = sentinels.indexOf('/');
    config
        .useSentinelServers()
        .setMasterName(sentinels.substring(sentinels.indexOf('#') + 1))
        .addSentinelAddress(
            Arrays.stream(sentinels.substring(0, slash).split(",", -1))
                .map(address -> "redis://" + address)
                .toArray(String[]::new));
  }

  private record TakenRedissonLock(RLock lock, long token) implements TakenLock {
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
