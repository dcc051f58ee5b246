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
 * Lets at most so many questions be under way at a time; so many more wait, first come first
 * served, and the rest are refused. A question that was told that it had no answer in time stays
 * under way until the connection says what became of it. Safe for use by many threads.
 */
public final class RequestGate {
  private final int mostUnderWay;
  private final int capacity;
  private final TimeoutSweeper timeouts;
  private final Runnable onDemotion;
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicInteger waitingCount = new AtomicInteger();
  private final AtomicInteger admitting = new AtomicInteger();
  private final Queue<Call<?, ?>> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Makes a gate.
   *
   * @param onDemotion told when a server answers that it takes no writes
   */
  public RequestGate(int mostUnderWay, int capacity, TimeoutSweeper timeouts, Runnable onDemotion) {
    this.mostUnderWay = mostUnderWay;
    this.capacity = capacity;
    this.timeouts = timeouts;
    this.onDemotion = onDemotion;
  }

  /** Asks; the stage ends within the call timeout, give or take the interval of the deadlines. */
  public <R, T> CompletionStage<T> ask(RedisRequest<R, T> question) {
    Call<R, T> call = new Call<>(question);
    if (closed.get()) {
      return CompletableFuture.failedFuture(closed());
    }
    timeouts.watch(call.answer);
    if (waitingCount.get() == 0 && enter()) {
      call.send(false);
    } else if (waitingCount.incrementAndGet() > capacity) {
      waitingCount.decrementAndGet();
      call.answer.completeExceptionally(
          new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for Redis already"));
    } else {
      waiting.add(call);
      admit();
    }
    return call.answer;
  }

  /** Refuses what waits and whatever comes. */
  public void close() {
    closed.set(true);
    for (Call<?, ?> call = waiting.poll(); call != null; call = waiting.poll()) {
      waitingCount.decrementAndGet();
      call.answer.completeExceptionally(closed());
    }
  }

  private boolean enter() {
    if (underWay.incrementAndGet() <= mostUnderWay) {
      return true;
    }
    underWay.decrementAndGet();
    return false;
  }

  private void left() {
    underWay.decrementAndGet();
    if (waitingCount.get() > 0) {
      admit();
    }
  }

  /** Sends what may go. A call that fails at once comes back here: then the loop goes on. */
  private void admit() {
    if (admitting.getAndIncrement() != 0) {
      return;
    }
    int seen;
    do {
      seen = admitting.get();
      admitAll();
    } while (admitting.addAndGet(-seen) != 0);
  }

  private void admitAll() {
    while (waitingCount.get() > 0 && enter()) {
      Call<?, ?> next = waiting.poll();
      if (next == null) {
        underWay.decrementAndGet();
        return;
      }
      waitingCount.decrementAndGet();
      if (next.answer.isDone()) {
        underWay.decrementAndGet();
      } else {
        next.send(false);
      }
    }
  }

  private static StoreException closed() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is closed");
  }

  private final class Call<R, T> {
    private final RedisRequest<R, T> question;
    private final CompletableFuture<T> answer = new CompletableFuture<>();

    Call(RedisRequest<R, T> question) {
      this.question = question;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The callback tells the asker everything.
    void send(boolean whole) {
      try {
        question.send(whole).whenComplete((reply, error) -> replied(reply, error, whole));
      } catch (RuntimeException e) {
        left();
        answer.completeExceptionally(RedisErrors.of(e));
      }
    }

    private void replied(R reply, Throwable error, boolean whole) {
      // Not knowing the script means that nothing of it happened.
      if (error != null && RedisErrors.isUnknownScript(error) && !whole && !answer.isDone()) {
        send(true);
        return;
      }
      left();
      if (error != null) {
        if (RedisErrors.isDemotion(error)) {
          onDemotion.run();
        }
        answer.completeExceptionally(RedisErrors.of(error));
        return;
      }
      try {
        answer.complete(question.read(reply));
      } catch (RuntimeException e) {
        answer.completeExceptionally(
            e instanceof StoreException known
                ? known
                : new StoreException(Failure.STORE_ERROR, "an answer could not be read", e));
      }
    }
  }
}
