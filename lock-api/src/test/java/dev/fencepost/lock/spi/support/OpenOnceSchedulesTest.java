package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.ExploredSchedules.check;
import static dev.fencepost.lock.spi.support.ExploredSchedules.explore;
import static dev.fencepost.lock.spi.support.ExploredSchedules.together;

import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.StoreOpener.OpenedStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Backends that are opened, opened again and closed at the same time. */
@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
class OpenOnceSchedulesTest {

  @Test
  void openedTwiceAtOnce_oneStoreIsOpened() {
    explore(
        () -> {
          List<RecordingStore> stores = Collections.synchronizedList(new ArrayList<>());
          OpenOnce<RecordingStore> backend = new OpenOnce<>((self, wake) -> opened(stores));
          List<CompletableFuture<StoreInfo>> answers =
              Collections.synchronizedList(new ArrayList<>());
          Runnable open = () -> answers.add(open(backend));
          together(open, open);
          check(stores.size() == 1, "one store is opened");
          check(backend.store().orElseThrow() == stores.get(0), "it is the open one");
          check(
              answers.stream().filter(CompletableFuture::isCompletedExceptionally).count() == 1,
              "one of two attempts is refused");
        });
  }

  @Test
  void openedWhileClosed_theStoreIsClosedAndNotUsed() {
    explore(
        () -> {
          RecordingStore store = new RecordingStore();
          CompletableFuture<OpenedStore<RecordingStore>> opening = new CompletableFuture<>();
          OpenOnce<RecordingStore> backend = new OpenOnce<>((self, wake) -> opening);
          CompletableFuture<StoreInfo> answer = open(backend);
          together(() -> opening.complete(store.opened()), backend::close);
          // Waits forever, which Lincheck reports, if nobody closes it.
          store.closed().join();
          check(answer.isDone(), "the attempt has an outcome");
          check(store.closings() == 1, "it is closed once");
          check(backend.store().isEmpty(), "no call passes to it");
        });
  }

  @Test
  void openedAgainWhileAnAttemptFails_atMostOneStoreIsOpen() {
    explore(
        () -> {
          List<RecordingStore> stores = Collections.synchronizedList(new ArrayList<>());
          CompletableFuture<OpenedStore<RecordingStore>> failing = new CompletableFuture<>();
          List<CompletableFuture<OpenedStore<RecordingStore>>> attempts =
              Collections.synchronizedList(new ArrayList<>(List.of(failing)));
          OpenOnce<RecordingStore> backend =
              new OpenOnce<>(
                  (self, wake) -> attempts.isEmpty() ? opened(stores) : attempts.remove(0));
          CompletableFuture<StoreInfo> first = open(backend);
          together(
              () -> failing.completeExceptionally(new IllegalStateException("refused")),
              () -> open(backend),
              () -> open(backend));
          check(first.isCompletedExceptionally(), "the first attempt failed");
          check(stores.size() <= 1, "never two stores");
          open(backend);
          check(stores.size() == 1, "a failed attempt may be repeated");
        });
  }

  private static CompletableFuture<StoreInfo> open(OpenOnce<RecordingStore> backend) {
    return backend.open(RecordingStore.SELF, lock -> {}).toCompletableFuture();
  }

  private static CompletableFuture<OpenedStore<RecordingStore>> opened(
      List<RecordingStore> stores) {
    RecordingStore store = new RecordingStore();
    stores.add(store);
    return CompletableFuture.completedFuture(store.opened());
  }
}
