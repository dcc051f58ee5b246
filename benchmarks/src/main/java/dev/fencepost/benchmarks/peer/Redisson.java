package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.util.Optional;
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

  private final Kind kind;
  private final RedissonClient client;

  /** Connects. */
  public Redisson(Kind kind, Settings settings) {
    this.kind = kind;
    Config config = new Config();
    config.setLockWatchdogTimeout(settings.leaseMillis());
    config.useSingleServer().setAddress("redis://" + settings.address());
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

  @Override
  public Optional<Held> tryAcquire(String lock) {
    if (kind == Kind.FENCED) {
      RFencedLock fenced = client.getFencedLock(lock);
      return Optional.ofNullable(fenced.tryLockAndGetToken())
          .map(token -> new Taken(fenced, token));
    }
    RLock plain = kind == Kind.FAIR ? client.getFairLock(lock) : client.getLock(lock);
    return plain.tryLock() ? Optional.of(new Taken(plain, Held.NO_TOKEN)) : Optional.empty();
  }

  @Override
  public void close() {
    client.shutdown();
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
