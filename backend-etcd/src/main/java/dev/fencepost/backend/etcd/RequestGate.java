package dev.fencepost.backend.etcd;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Lets a bounded number of calls be under way; the others wait their turn, a bounded number of
 * them. Safe for use by many threads.
 */
final class RequestGate {
  private final IntSupplier underWayAtMost;
  private final int waitingAtMost;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private int underWay;
  private boolean opening;

  RequestGate(int underWayAtMost, int waitingAtMost) {
    this(() -> underWayAtMost, waitingAtMost);
  }

  /**
   * A gate that is now wider, now narrower.
   *
   * @param underWayAtMost asked again whenever a call comes or ends, and by {@link #open}
   */
  RequestGate(IntSupplier underWayAtMost, int waitingAtMost) {
    this.underWayAtMost = underWayAtMost;
    this.waitingAtMost = waitingAtMost;
  }

  <T> CompletionStage<T> pass(Supplier<CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    synchronized (this) {
      if (waiting.size() >= waitingAtMost) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for etcd"));
      }
      waiting.addLast(() -> begin(call, answer));
    }
    open();
    return answer;
  }

  private <T> void begin(Supplier<CompletionStage<T>> call, CompletableFuture<T> answer) {
    AsyncCalls.of(call)
        .whenComplete(
            (result, error) -> {
              synchronized (this) {
                underWay--;
              }
              if (error == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(error);
              }
              open();
            });
  }

  /**
   * Lets through what may go by now.
   *
   * <p>One thread at a time: a call that fails at once comes back here from within its beginning.
   */
  void open() {
    synchronized (this) {
      if (opening) {
        return;
      }
      opening = true;
    }
    Optional<Runnable> begin = nextOrStop();
    while (begin.isPresent()) {
      begin.orElseThrow().run();
      begin = nextOrStop();
    }
  }

  private synchronized Optional<Runnable> nextOrStop() {
    if (waiting.isEmpty() || underWay >= underWayAtMost.getAsInt()) {
      opening = false;
      return Optional.empty();
    }
    underWay++;
    return Optional.of(waiting.removeFirst());
  }
}
