package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Fencepost by its Java SDK, with its defaults: one session to each replica. */
public final class Sdk implements Contender {
  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How a lock is given back. */
  public enum Giving {
    /** By {@code release()}, which waits for the answer. */
    AWAITED,
    /** By {@code close()}, which does not. */
    UNAWAITED
  }

  private final FencepostClient client;
  private final Duration ttl;
  private final Giving giving;

  /** Connects. */
  public Sdk(Giving giving, Settings settings) throws InterruptedException {
    this.giving = giving;
    client = FencepostClient.connect(String.join(",", settings.servers()));
    ttl = settings.lease();
    if (!client.awaitReady(PATIENCE)) {
      throw new IllegalStateException("not connected to " + settings.servers());
    }
  }

  @Override
  public Held acquire(String lock) throws InterruptedException {
    return new Taken(lock(lock).acquire());
  }

  @Override
  public Optional<Held> tryAcquire(String lock) {
    return lock(lock).tryAcquire().map(Taken::new);
  }

  @Override
  public CompletionStage<Held> acquireLater(String lock) {
    return lock(lock).acquireAsync(LONG).thenApply(Taken::new);
  }

  @Override
  public void close() {
    client.close();
  }

  private FencepostLock lock(String name) {
    return client.lock(name).withTtl(ttl);
  }

  private final class Taken implements Held {
    private final LockHandle handle;

    Taken(LockHandle handle) {
      this.handle = handle;
    }

    @Override
    public long token() {
      return handle.token().value();
    }

    @Override
    public boolean isHeld() {
      return handle.isHeld();
    }

    @Override
    public void release() throws InterruptedException {
      // As try-with-resources does: whatever becomes of the release, the lock is let go.
      try (handle) {
        if (giving == Giving.AWAITED) {
          requireReleased(handle.release());
        }
      }
    }

    private static void requireReleased(Release outcome) {
      if (!outcome.equals(new Release.Released())) {
        throw new IllegalStateException("not released: " + outcome);
      }
    }
  }
}
