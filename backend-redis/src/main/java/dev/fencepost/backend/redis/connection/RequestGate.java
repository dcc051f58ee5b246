package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Limits the requests in flight. Further requests wait in a bounded queue, first come first served;
 * when it is full, they are refused. A request that timed out keeps its slot until the connection
 * completes or fails it. Safe for use by many threads.
 */
public final class RequestGate {
  private final int maxInFlight;
  private final int capacity;
  private final TimeoutSweeper timeouts;
  private final Runnable onDemotion;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger queuedCount = new AtomicInteger();
  private final AtomicInteger admitting = new AtomicInteger();
  private final Queue<Call<?, ?>> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Makes a gate.
   *
   * @param maxInFlight most requests in flight
   * @param capacity most requests in the queue
   * @param onDemotion runs when a server answers that it takes no writes
   */
  public RequestGate(int maxInFlight, int capacity, TimeoutSweeper timeouts, Runnable onDemotion) {
    this.maxInFlight = maxInFlight;
    this.capacity = capacity;
    this.timeouts = timeouts;
    this.onDemotion = onDemotion;
  }

  /**
   * Sends the request, at once or after those before it. The stage completes within the call
   * timeout, or at the sweep after it.
   */
  public <R, T> CompletionStage<T> submit(RedisRequest<R, T> request) {
    Call<R, T> call = new Call<>(request);
    if (closed.get()) {
      return CompletableFuture.failedFuture(closed());
    }
    timeouts.register(call.answer);
    if (queuedCount.get() == 0 && tryEnter()) {
      call.send(false);
    } else if (queuedCount.incrementAndGet() > capacity) {
      queuedCount.decrementAndGet();
      call.answer.completeExceptionally(
          new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for Redis already"));
    } else {
      queue.add(call);
      if (closed.get()) {
        // The close may have emptied the queue before the request was in it.
        failQueued();
      }
      admit();
    }
    return call.answer;
  }

  /** Fails the queued requests, and refuses all later ones. */
  public void close() {
    closed.set(true);
    failQueued();
  }

  private void failQueued() {
    for (Call<?, ?> call = queue.poll(); call != null; call = queue.poll()) {
      queuedCount.decrementAndGet();
      call.answer.completeExceptionally(closed());
    }
  }

  private boolean tryEnter() {
    if (inFlight.incrementAndGet() <= maxInFlight) {
      return true;
    }
    inFlight.decrementAndGet();
    return false;
  }

  private void leave() {
    inFlight.decrementAndGet();
    if (queuedCount.get() > 0) {
      admit();
    }
  }

  /**
   * Sends queued requests while there are free slots. A request that fails at once calls this again
   * from inside; the running loop then does another round instead of nesting.
   */
  private void admit() {
    if (admitting.getAndIncrement() != 0) {
      return;
    }
    int requested;
    do {
      requested = admitting.get();
      admitAll();
    } while (admitting.addAndGet(-requested) != 0);
  }

  private void admitAll() {
    while (queuedCount.get() > 0 && tryEnter()) {
      Call<?, ?> next = queue.poll();
      if (next == null) {
        inFlight.decrementAndGet();
        return;
      }
      queuedCount.decrementAndGet();
      if (next.answer.isDone()) {
        inFlight.decrementAndGet();
      } else {
        next.send(false);
      }
    }
  }

  private static StoreException closed() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is closed");
  }

  private final class Call<R, T> {
    private final RedisRequest<R, T> request;
    private final CompletableFuture<T> answer = new CompletableFuture<>();

    Call(RedisRequest<R, T> request) {
      this.request = request;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The callback completes the answer.
    void send(boolean withText) {
      try {
        request.send(withText).whenComplete((reply, error) -> onReply(reply, error, withText));
      } catch (RuntimeException e) {
        leave();
        answer.completeExceptionally(RedisErrors.of(e));
      }
    }

    private void onReply(R reply, Throwable error, boolean withText) {
      // Redis does not know the script, so nothing of it was executed: it is safe to send it again.
      if (error != null && RedisErrors.isUnknownScript(error) && !withText && !answer.isDone()) {
        send(true);
        return;
      }
      leave();
      if (error != null) {
        if (RedisErrors.isDemotion(error)) {
          onDemotion.run();
        }
        answer.completeExceptionally(RedisErrors.of(error));
        return;
      }
      try {
        answer.complete(request.parse(reply));
      } catch (RuntimeException e) {
        answer.completeExceptionally(
            e instanceof StoreException known
                ? known
                : new StoreException(Failure.STORE_ERROR, "an answer could not be read", e));
      }
    }
  }
}
