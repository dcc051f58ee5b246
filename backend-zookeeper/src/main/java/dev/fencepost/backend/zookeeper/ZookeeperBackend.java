package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.StoreOpener;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens one replica's store on an ensemble. Its stages complete on the client's own thread, so a
 * callback that blocks delays all calls. Safe for use by many threads.
 */
final class ZookeeperBackend implements StoreOpener<ZookeeperStore> {
  private static final Logger LOG = LoggerFactory.getLogger(ZookeeperBackend.class);

  private final ZookeeperSettings settings;
  private final Random random;
  private volatile @Nullable ZookeeperStore opening;

  ZookeeperBackend(ZookeeperSettings settings, Random random) {
    this.settings = settings;
    this.random = random;
  }

  @Override
  public CompletionStage<OpenedStore<ZookeeperStore>> open(Replica self, Consumer<LockName> wake) {
    CallDeadlines deadlines =
        new CallDeadlines(
            "fencepost-zookeeper-timers", error -> LOG.warn("A periodic task failed", error));
    ZookeeperStore store;
    try {
      store = new ZookeeperStore(settings, self, wake, random, deadlines);
    } catch (RuntimeException | Error e) {
      deadlines.close();
      throw e;
    }
    opening = store;
    return store
        .open()
        .handle(
            (info, error) -> {
              if (error == null) {
                return new OpenedStore<>(store, info);
              }
              // Closing waits for the client's thread, which may be the current thread.
              onThread("fencepost-zookeeper-close", store::close);
              throw unreachable(error);
            });
  }

  /** {@inheritDoc} Ends the client, so that its stage fails. */
  @Override
  public void abandon() {
    ZookeeperStore store = opening;
    if (store != null) {
      onThread("fencepost-zookeeper-close", store::close);
    }
  }

  /** Runs an action that may block. */
  static void onThread(String name, Runnable action) {
    Thread thread = new Thread(action, name);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Turns a timeout while opening into "unreachable": a store that never answers is not a slow one.
   */
  private static RuntimeException unreachable(Throwable error) {
    RuntimeException failure = ZookeeperErrors.toException(error);
    boolean isTimeout =
        failure instanceof StoreException known && known.failure() == Failure.STORE_TIMEOUT;
    return isTimeout ? ZookeeperErrors.FAILURES.unreachable() : failure;
  }
}
