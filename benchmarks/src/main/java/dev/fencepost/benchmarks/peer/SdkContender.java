package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import dev.fencepost.client.ClientBuilder;
import dev.fencepost.client.ClientTls;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.Release;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Fencepost through its Java SDK, with its defaults: one session to each replica. With credentials
 * it speaks mutual TLS.
 */
public final class SdkContender implements Contender {
  private static final Duration ASYNC_WAIT = Duration.ofHours(1);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

  /** The way to release a lock. */
  public enum ReleaseMode {
    /** By {@code release()}, which waits for the answer. */
    AWAITED,
    /** By {@code close()}, which does not wait. */
    UNAWAITED
  }

  private final FencepostClient client;
  private final Duration ttl;
  private final ReleaseMode releaseMode;

  /** Connects. */
  public SdkContender(ReleaseMode releaseMode, ContenderSettings settings)
      throws InterruptedException {
    this.releaseMode = releaseMode;
    ClientBuilder builder = FencepostClient.builder(String.join(",", settings.servers()));
    if (!settings.credentials().isEmpty()) {
      Path folder = Path.of(settings.credentials());
      builder.tls(
          ClientTls.of(folder.resolve("ca.pem"))
              .certificate(folder.resolve("client.pem"), folder.resolve("client.key")));
    }
    client = builder.build();
    ttl = settings.lease();
    if (!client.awaitReady(CONNECT_TIMEOUT)) {
      throw new IllegalStateException("not connected to " + settings.servers());
    }
  }

  @Override
  public TakenLock acquire(String lock) throws InterruptedException {
    return new TakenHandle(lock(lock).acquire());
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    return lock(lock).tryAcquire().map(TakenHandle::new);
  }

  @Override
  public CompletionStage<TakenLock> acquireLater(String lock) {
    return lock(lock).acquireAsync(ASYNC_WAIT).thenApply(TakenHandle::new);
  }

  @Override
  public void close() {
    client.close();
  }

  private FencepostLock lock(String name) {
    return client.lock(name).withTtl(ttl);
  }

  private final class TakenHandle implements TakenLock {
    private final LockHandle handle;

    TakenHandle(LockHandle handle) {
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
      // As try-with-resources does: the client lets go of the lock even if the release fails.
      try (handle) {
        if (releaseMode == ReleaseMode.AWAITED) {
          Release outcome = handle.release();
          if (!outcome.equals(new Release.Released())) {
            throw new IllegalStateException("not released: " + outcome);
          }
        }
      }
    }
  }
}
