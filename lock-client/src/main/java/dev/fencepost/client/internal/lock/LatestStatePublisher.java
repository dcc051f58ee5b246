package dev.fencepost.client.internal.lock;

import dev.fencepost.client.LockView;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the newest state of each lock to a subscriber, as fast as that asks for them: a state that
 * was not fetched is replaced by a later one of the same lock. The subscriber is called by one
 * thread at a time.
 */
final class LatestStatePublisher implements Flow.Subscription {
  private static final Logger LOG = LoggerFactory.getLogger(LatestStatePublisher.class);

  private final Flow.Subscriber<? super LockView> subscriber;
  private final Executor executor;
  private final Runnable onCancel;
  private final AtomicInteger running = new AtomicInteger();
  private final Map<String, LockView> pending = new LinkedHashMap<>();
  private final Map<String, Long> lastTokens = new HashMap<>();
  private long wanted;
  private boolean isBegun;
  private boolean isOver;
  private @Nullable RuntimeException failure;

  LatestStatePublisher(
      Flow.Subscriber<? super LockView> subscriber, Executor executor, Runnable onCancel) {
    this.subscriber = subscriber;
    this.executor = executor;
    this.onCancel = onCancel;
  }

  void begin() {
    run();
  }

  void offer(LockView state) {
    String name = state.lock().value();
    long token = state.lastToken().map(FencingToken::value).orElse(0L);
    synchronized (this) {
      // Another replica may be a little behind the one that was asked before.
      if (token < lastTokens.getOrDefault(name, 0L)) {
        return;
      }
      lastTokens.put(name, token);
      pending.remove(name);
      pending.put(name, state);
    }
    run();
  }

  void fail(RuntimeException why) {
    synchronized (this) {
      failure = why;
    }
    run();
  }

  @Override
  public void request(long count) {
    if (count < 1) {
      fail(InvalidValueException.of("request", count, "1 or more"));
      return;
    }
    synchronized (this) {
      wanted = ClientClock.after(wanted, count);
    }
    run();
  }

  @Override
  public void cancel() {
    synchronized (this) {
      isOver = true;
      pending.clear();
    }
    onCancel.run();
  }

  private void run() {
    if (running.getAndIncrement() == 0) {
      executor.execute(this::serve);
    }
  }

  private void serve() {
    int seen = 1;
    do {
      try {
        tell();
      } catch (RuntimeException e) {
        LOG.error("a subscriber failed and is told nothing more", e);
        cancel();
      }
      seen = running.addAndGet(-seen);
    } while (seen != 0);
  }

  private void tell() {
    if (!isBegun) {
      isBegun = true;
      subscriber.onSubscribe(this);
    }
    for (LockView next = next(); next != null; next = next()) {
      subscriber.onNext(next);
    }
    RuntimeException why = failure();
    if (why != null) {
      subscriber.onError(why);
    }
  }

  private synchronized @Nullable LockView next() {
    if (isOver || failure != null || wanted == 0 || pending.isEmpty()) {
      return null;
    }
    if (wanted != ClientClock.NEVER) {
      wanted--;
    }
    String first = pending.keySet().iterator().next();
    return pending.remove(first);
  }

  private synchronized @Nullable RuntimeException failure() {
    if (isOver || failure == null) {
      return null;
    }
    isOver = true;
    return failure;
  }
}
