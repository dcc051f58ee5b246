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
 * Passes the newest state of each lock to a subscriber, as fast as it requests them. A state that
 * was not delivered yet is replaced by a later one of the same lock. Only one thread at a time
 * calls the subscriber.
 */
final class LatestStatePublisher implements Flow.Subscription {
  private static final Logger LOG = LoggerFactory.getLogger(LatestStatePublisher.class);

  private final Flow.Subscriber<? super LockView> subscriber;
  private final Executor executor;
  private final Runnable onCancel;
  private final AtomicInteger running = new AtomicInteger();
  private final Map<String, LockView> pending = new LinkedHashMap<>();
  private final Map<String, Long> lastTokens = new HashMap<>();
  private long demand;
  private boolean isSubscribed;
  private boolean isOver;
  private @Nullable RuntimeException failure;

  LatestStatePublisher(
      Flow.Subscriber<? super LockView> subscriber, Executor executor, Runnable onCancel) {
    this.subscriber = subscriber;
    this.executor = executor;
    this.onCancel = onCancel;
  }

  void start() {
    scheduleDelivery();
  }

  void offer(LockView state) {
    String name = state.lock().value();
    long token = state.lastToken().map(FencingToken::value).orElse(0L);
    synchronized (this) {
      // Another replica may be a little behind the previous one.
      if (token < lastTokens.getOrDefault(name, 0L)) {
        return;
      }
      lastTokens.put(name, token);
      pending.remove(name);
      pending.put(name, state);
    }
    scheduleDelivery();
  }

  void fail(RuntimeException why) {
    synchronized (this) {
      failure = why;
    }
    scheduleDelivery();
  }

  @Override
  public void request(long count) {
    if (count < 1) {
      fail(InvalidValueException.of("request", count, "1 or more"));
      return;
    }
    synchronized (this) {
      demand = ClientClock.after(demand, count);
    }
    scheduleDelivery();
  }

  @Override
  public void cancel() {
    synchronized (this) {
      isOver = true;
      pending.clear();
    }
    onCancel.run();
  }

  private void scheduleDelivery() {
    if (running.getAndIncrement() == 0) {
      executor.execute(this::deliverAll);
    }
  }

  private void deliverAll() {
    int served = 1;
    do {
      try {
        deliver();
      } catch (RuntimeException | Error e) {
        LOG.error("a subscriber failed and receives no more states", e);
        cancel();
      }
      served = running.addAndGet(-served);
    } while (served != 0);
  }

  private void deliver() {
    if (!isSubscribed) {
      isSubscribed = true;
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
    if (isOver || failure != null || demand == 0 || pending.isEmpty()) {
      return null;
    }
    if (demand != ClientClock.NEVER) {
      demand--;
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
