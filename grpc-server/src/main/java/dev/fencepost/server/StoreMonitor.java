package dev.fencepost.server;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.TimerService;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the store, with retries while it cannot be reached, and then probes it at a regular
 * interval.
 */
final class StoreMonitor {
  private static final Logger LOG = LoggerFactory.getLogger(StoreMonitor.class);

  /** Interval between warnings while the store does not answer. */
  private static final Duration WARN_INTERVAL = Duration.ofMinutes(1);

  private final LockCoordinator coordinator;
  private final TimerService timers;
  private final ReadinessCheck readiness;
  private final Intervals intervals;
  private final CompletableFuture<StoreInfo> opened = new CompletableFuture<>();
  private final CompletableFuture<Void> firstAttempt = new CompletableFuture<>();
  private volatile boolean stopped;
  private boolean unreachable;
  private long warnedAtNanos;

  /**
   * Intervals of attempts and probes.
   *
   * @param retry time between two attempts to open the store
   * @param probe time between two probes
   * @param timeout longest time that a probe may take
   */
  record Intervals(Duration retry, Duration probe, Duration timeout) {
    static final Intervals DEFAULT =
        new Intervals(Duration.ofSeconds(1), Duration.ofMillis(1500), Duration.ofSeconds(2));
  }

  StoreMonitor(
      LockCoordinator coordinator,
      TimerService timers,
      ReadinessCheck readiness,
      Intervals intervals) {
    this.coordinator = coordinator;
    this.timers = timers;
    this.readiness = readiness;
    this.intervals = intervals;
  }

  /** Starts to open the store. */
  void start() {
    open();
  }

  /**
   * Completes when the store is open; exceptionally with {@link StoreConfigurationException} if it
   * is refused.
   */
  CompletableFuture<StoreInfo> opened() {
    return opened;
  }

  /** Completes when the first attempt to open the store has succeeded or failed. */
  CompletableFuture<Void> firstAttempt() {
    return firstAttempt;
  }

  void stop() {
    stopped = true;
  }

  private void open() {
    if (!stopped) {
      callSafely(coordinator::open).whenComplete(this::onOpenAnswered);
    }
  }

  private void onOpenAnswered(StoreInfo store, Throwable failure) {
    if (failure == null) {
      recordAnswer(store);
      opened.complete(store);
      timers.schedule(intervals.probe, this::probe);
    } else if (unwrapped(failure) instanceof StoreConfigurationException refused) {
      opened.completeExceptionally(refused);
    } else {
      recordFailure(failure);
      timers.schedule(intervals.retry, this::open);
    }
    firstAttempt.complete(null);
  }

  private void probe() {
    if (stopped) {
      return;
    }
    // A copy, so that the timeout does not complete the stage of the backend.
    CompletionStage<StoreInfo> answer =
        callSafely(coordinator::info)
            .thenApply(store -> store)
            .toCompletableFuture()
            .orTimeout(intervals.timeout.toMillis(), TimeUnit.MILLISECONDS);
    answer.whenComplete(
        (store, failure) -> {
          if (failure == null) {
            recordAnswer(store);
          } else {
            recordFailure(failure);
          }
          timers.schedule(intervals.probe, this::probe);
        });
  }

  private synchronized void recordAnswer(StoreInfo store) {
    if (unreachable) {
      LOG.info("the store answers again");
    }
    unreachable = false;
    readiness.recordAnswer(store);
  }

  private synchronized void recordFailure(Throwable failure) {
    long now = timers.nanoTime();
    if (!stopped && (!unreachable || now - warnedAtNanos > WARN_INTERVAL.toNanos())) {
      Throwable cause = unwrapped(failure);
      LOG.warn("the store does not answer: {}; retrying", describe(cause));
      LOG.debug("the store does not answer", cause);
      warnedAtNanos = now;
    }
    unreachable = true;
    readiness.refresh();
  }

  private String describe(Throwable cause) {
    if (cause instanceof TimeoutException) {
      return "nothing within " + DurationFormat.print(intervals.timeout);
    }
    return cause instanceof StoreException e
        ? e.failure() + ": " + e.getMessage()
        : cause.toString();
  }

  private static <T> CompletionStage<T> callSafely(Supplier<CompletionStage<T>> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(
          e instanceof StoreConfigurationException
              ? e
              : new StoreException(Failure.STORE_ERROR, "the backend failed", e));
    }
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? unwrapped(cause) : failure;
  }
}
