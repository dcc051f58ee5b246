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
 * Opens the store, again and again while it cannot be reached, and then asks it now and then
 * whether it is well.
 */
final class StoreMonitor {
  private static final Logger LOG = LoggerFactory.getLogger(StoreMonitor.class);

  /** A store that stays away is spoken of this often. */
  private static final Duration REMIND_AFTER = Duration.ofMinutes(1);

  private final LockCoordinator coordinator;
  private final TimerService timers;
  private final ReadinessCheck readiness;
  private final Pace pace;
  private final CompletableFuture<StoreInfo> opened = new CompletableFuture<>();
  private final CompletableFuture<Void> firstTry = new CompletableFuture<>();
  private volatile boolean stopped;
  private boolean away;
  private long spokeAtNanos;

  /**
   * How often the store is asked.
   *
   * @param retry time between two tries to open it
   * @param probe time between two probes
   * @param timeout longest time that a probe may take
   */
  record Pace(Duration retry, Duration probe, Duration timeout) {
    static final Pace USUAL =
        new Pace(Duration.ofSeconds(1), Duration.ofMillis(1500), Duration.ofSeconds(2));
  }

  StoreMonitor(
      LockCoordinator coordinator, TimerService timers, ReadinessCheck readiness, Pace pace) {
    this.coordinator = coordinator;
    this.timers = timers;
    this.readiness = readiness;
    this.pace = pace;
  }

  /** Begins to open the store. */
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

  /** Completes when opening succeeded or failed for the first time. */
  CompletableFuture<Void> firstTry() {
    return firstTry;
  }

  void stop() {
    stopped = true;
  }

  private void open() {
    if (!stopped) {
      guarded(coordinator::open).whenComplete(this::afterOpen);
    }
  }

  private void afterOpen(StoreInfo store, Throwable failure) {
    if (failure == null) {
      heard(store);
      opened.complete(store);
      timers.schedule(pace.probe, this::probe);
    } else if (unwrapped(failure) instanceof StoreConfigurationException refused) {
      opened.completeExceptionally(refused);
    } else {
      missed(failure);
      timers.schedule(pace.retry, this::open);
    }
    firstTry.complete(null);
  }

  private void probe() {
    if (stopped) {
      return;
    }
    // A copy: the backend's own stage is not to be completed by this timeout.
    CompletionStage<StoreInfo> answer =
        guarded(coordinator::info)
            .thenApply(store -> store)
            .toCompletableFuture()
            .orTimeout(pace.timeout.toMillis(), TimeUnit.MILLISECONDS);
    answer.whenComplete(
        (store, failure) -> {
          if (failure == null) {
            heard(store);
          } else {
            missed(failure);
          }
          timers.schedule(pace.probe, this::probe);
        });
  }

  private synchronized void heard(StoreInfo store) {
    if (away) {
      LOG.info("the store answers again");
    }
    away = false;
    readiness.answered(store);
  }

  private synchronized void missed(Throwable failure) {
    long now = timers.nanoTime();
    if (!stopped && (!away || now - spokeAtNanos > REMIND_AFTER.toNanos())) {
      Throwable cause = unwrapped(failure);
      LOG.warn("the store does not answer: {}; trying on", describe(cause));
      LOG.debug("the store does not answer", cause);
      spokeAtNanos = now;
    }
    away = true;
    readiness.look();
  }

  private String describe(Throwable cause) {
    if (cause instanceof TimeoutException) {
      return "nothing within " + DurationFormat.print(pace.timeout);
    }
    return cause instanceof StoreException e
        ? e.failure() + ": " + e.getMessage()
        : cause.toString();
  }

  private static <T> CompletionStage<T> guarded(Supplier<CompletionStage<T>> call) {
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
