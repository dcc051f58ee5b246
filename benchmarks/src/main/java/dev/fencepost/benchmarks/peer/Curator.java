package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's mutex with the retry policy of its own examples; a session takes the lease's part. */
public final class Curator implements Contender {
  private static final int CONNECT_MILLIS = 15_000;

  private final CuratorFramework client;

  /** Connects. */
  public Curator(Settings settings) throws InterruptedException {
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
  public Held acquire(String lock) throws Exception {
    InterProcessMutex mutex = new InterProcessMutex(client, "/locks/" + lock);
    mutex.acquire();
    return new Taken(mutex);
  }

  @Override
  public Optional<Held> tryAcquire(String lock) throws Exception {
    InterProcessMutex mutex = new InterProcessMutex(client, "/locks/" + lock);
    return mutex.acquire(0, TimeUnit.MILLISECONDS)
        ? Optional.of(new Taken(mutex))
        : Optional.empty();
  }

  @Override
  public void close() {
    client.close();
  }

  private record Taken(InterProcessMutex mutex) implements Held {
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
