package dev.fencepost.backend.etcd.rpc;

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
 * Bounds the calls in flight. Others wait in a queue that is bounded as well. Safe for use by many
 * threads.
 */
public final class RequestGate {
  private final IntSupplier inFlightLimit;
  private final int queueLimit;
  private final Deque<QueuedCall<?>> queue = new ArrayDeque<>();
  private int inFlight;
  private boolean admitting;

  public RequestGate(int inFlightLimit, int queueLimit) {
    this(() -> inFlightLimit, queueLimit);
  }

  /**
   * A gate with a variable limit.
   *
   * @param inFlightLimit queried when a call arrives or ends, and by {@link #admit}. An exception
   *     fails the calls that are queued
   */
  public RequestGate(IntSupplier inFlightLimit, int queueLimit) {
    this.inFlightLimit = inFlightLimit;
    this.queueLimit = queueLimit;
  }

  /** Runs the call now or later, or refuses it if the queue is full. */
  public <T> CompletionStage<T> submit(Supplier<CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    synchronized (this) {
      if (queue.size() >= queueLimit) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_OVERLOADED, "too many calls are queued for etcd"));
      }
      queue.addLast(new QueuedCall<>(call, answer));
    }
    admit();
    return answer;
  }

  private record QueuedCall<T>(Supplier<CompletionStage<T>> call, CompletableFuture<T> answer) {}

  private <T> void start(QueuedCall<T> queued) {
    CompletableFuture<T> answer = queued.answer();
    AsyncCalls.start(queued.call())
        .whenComplete(
            (result, error) -> {
              synchronized (this) {
                inFlight--;
              }
              if (error == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(error);
              }
              admit();
            });
  }

  /**
   * Starts queued calls up to the present limit.
   *
   * <p>Runs on one thread at a time: a call that fails at once re-enters while it is being started.
   */
  public void admit() {
    synchronized (this) {
      if (admitting) {
        return;
      }
      admitting = true;
    }
    Optional<Runnable> next = nextOrStop();
    while (next.isPresent()) {
      next.orElseThrow().run();
      next = nextOrStop();
    }
  }

  private synchronized Optional<Runnable> nextOrStop() {
    boolean stop;
    try {
      stop = queue.isEmpty() || inFlight >= inFlightLimit.getAsInt();
    } catch (RuntimeException e) {
      QueuedCall<?> failed = queue.removeFirst();
      return Optional.of(() -> failed.answer().completeExceptionally(e));
    }
    if (stop) {
      admitting = false;
      return Optional.empty();
    }
    inFlight++;
    QueuedCall<?> next = queue.removeFirst();
    return Optional.of(() -> start(next));
  }
}
