package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's mutex with the retry policy of its own examples. Its session serves as the lease. */
public final class CuratorPeer implements Contender {
  private static final int CONNECT_MILLIS = 15_000;

  private final CuratorFramework client;

  /** Connects. */
  public CuratorPeer(ContenderSettings settings) throws InterruptedException {
    client =
        CuratorFrameworkFactory.newClient(
            settings.address(),
            (int) settings.leaseMillis(),
            CONNECT_MILLIS,
            new ExponentialBackoffRetry(1000, 3));
    client.start();
    if (!client.blockUntilConnected(CONNECT_MILLIS, TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException("not connected to " + settings.address());
    }
  }

  @Override
  public TakenLock acquire(String lock) throws Exception {
    InterProcessMutex mutex = mutex(lock);
    mutex.acquire();
    return new TakenMutex(mutex);
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) throws Exception {
    InterProcessMutex mutex = mutex(lock);
    return mutex.acquire(0, TimeUnit.MILLISECONDS)
        ? Optional.of(new TakenMutex(mutex))
        : Optional.empty();
  }

  @Override
  public void close() {
    client.close();
  }

  private InterProcessMutex mutex(String lock) {
    return new InterProcessMutex(client, "/locks/" + lock);
  }

  private record TakenMutex(InterProcessMutex mutex) implements TakenLock {
    @Override
    public boolean isHeld() {
      return mutex.isOwnedByCurrentThread();
    }

    @Override
    public void release() throws Exception {
      mutex.release();
    }
  }
}
