package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.StoreInfo;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Opens a store, once for each attempt of {@link OpenOnce}.
 *
 * @param <S> the open store
 */
@FunctionalInterface
public interface StoreOpener<S extends LockStore> {

  /** Opens the store; see {@link dev.fencepost.lock.spi.LockBackend#open}. Never blocks. */
  CompletionStage<OpenedStore<S>> open(Replica self, Consumer<LockName> wake);

  /**
   * Ends what the present attempt keeps busy, because nobody waits for it any more. Never blocks.
   * May be called twice, and while the attempt begins. An attempt that is not abandoned ends by
   * itself, and its store is closed then.
   */
  default void abandon() {}

  /** An open store and its description. */
  record OpenedStore<S extends LockStore>(S store, StoreInfo info) {}

  /** Opens a store by calls that block. */
  @FunctionalInterface
  interface BlockingOpener<S extends LockStore> {
    /** Opens the store, or throws. */
    OpenedStore<S> open(Replica self, Consumer<LockName> wake);
  }

  /** Runs each attempt on a daemon thread of this name. */
  static <S extends LockStore> StoreOpener<S> onThread(String name, BlockingOpener<S> opener) {
    return (self, wake) -> {
      CompletableFuture<OpenedStore<S>> opened = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  opened.complete(opener.open(self, wake));
                } catch (RuntimeException | Error e) {
                  opened.completeExceptionally(e);
                }
              },
              name);
      thread.setDaemon(true);
      thread.start();
      return opened;
    };
  }
}
