package dev.fencepost.testkit.memory;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.support.OpenOnce;
import dev.fencepost.lock.spi.support.StoreOpener;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Opens a {@link MapStore}. */
record MapBackend(MapServer server) implements StoreOpener<MapStore> {

  /** Returns the backend of one more replica. */
  static LockBackend on(MapServer server) {
    return new OpenOnce<>(new MapBackend(server));
  }

  @Override
  public CompletionStage<OpenedStore<MapStore>> open(Replica self, Consumer<LockName> wake) {
    server.listen(self.id(), wake);
    MapStore store = new MapStore(server, self.id());
    return store
        .announce(self)
        .thenCompose(done -> store.info())
        .thenApply(info -> new OpenedStore<>(store, info))
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                store.close();
              }
            });
  }
}
