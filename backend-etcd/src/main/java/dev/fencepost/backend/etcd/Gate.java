package dev.fencepost.backend.etcd;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Lets a bounded number of calls be under way; the others wait their turn, a bounded number of
 * them. Safe for use by many threads.
 */
final class Gate {
  private final int underWayAtMost;
  private final int waitingAtMost;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private int underWay;

  Gate(int underWayAtMost, int waitingAtMost) {
    this.underWayAtMost = underWayAtMost;
    this.waitingAtMost = waitingAtMost;
  }

  <T> CompletionStage<T> pass(Supplier<CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Runnable begin = () -> begin(call, answer);
    synchronized (this) {
      if (underWay >= underWayAtMost) {
        if (waiting.size() >= waitingAtMost) {
          return CompletableFuture.failedFuture(
              new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for etcd"));
        }
        waiting.addLast(begin);
        return answer;
      }
      underWay++;
    }
    begin.run();
    return answer;
  }

  private <T> void begin(Supplier<CompletionStage<T>> call, CompletableFuture<T> answer) {
    call.get()
        .whenComplete(
            (result, error) -> {
              next();
              if (error == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(error);
              }
            });
  }

  private void next() {
    Runnable begin;
    synchronized (this) {
      if (waiting.isEmpty()) {
        underWay--;
        return;
      }
      begin = waiting.removeFirst();
    }
    begin.run();
  }
}
