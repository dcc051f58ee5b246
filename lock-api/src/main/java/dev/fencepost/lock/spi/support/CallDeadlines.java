package dev.fencepost.lock.spi.support;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Fails calls whose deadlines have passed, and runs delayed and periodic tasks, on one daemon
 * thread. A call fails at the first sweep after its deadline; the pause between two sweeps is
 * {@value #TICK_MILLIS} ms. One entry is held for each pending call.
 *
 * <p>A hashed timing wheel (Varghese and Lauck, 1987, scheme 6): an entry lies in the slot of its
 * deadline's tick, so that adding, removing and finding what is due take constant time. Safe for
 * use by many threads.
 */
public final class CallDeadlines implements AutoCloseable {
  static final int TICK_MILLIS = 20;
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);

  /** One turn of the wheel takes 10 s. Entries with later deadlines stay for another turn. */
  private static final int SLOTS = 512;

  private final LongSupplier nanoClock;
  private final long startNanos;
  private final Consumer<Throwable> onTaskFailure;
  private final @Nullable ScheduledThreadPoolExecutor executor;
  private final List<Set<PendingCall>> slots = new ArrayList<>();

  /**
   * The tick of the last sweep, whose slot the next one visits again: only earlier ones are over.
   */
  private volatile long currentTick;

  private final AtomicLong sweepCount = new AtomicLong();
  private volatile boolean closed;

  /**
   * Starts the thread.
   *
   * @param onTaskFailure receives what a repeated task throws, usually for the log; the task is
   *     repeated nevertheless
   */
  public CallDeadlines(String threadName, Consumer<Throwable> onTaskFailure) {
    this(System::nanoTime, SLOTS, onTaskFailure, newExecutor(threadName));
    repeat(this::sweep, Duration.ofMillis(TICK_MILLIS));
  }

  /** For tests, which call {@link #sweep} themselves, with a smaller wheel. */
  CallDeadlines(LongSupplier nanoClock, int slotCount) {
    this(nanoClock, slotCount, error -> {}, null);
  }

  private CallDeadlines(
      LongSupplier nanoClock,
      int slotCount,
      Consumer<Throwable> onTaskFailure,
      @Nullable ScheduledThreadPoolExecutor executor) {
    this.nanoClock = nanoClock;
    this.startNanos = nanoClock.getAsLong();
    this.onTaskFailure = onTaskFailure;
    this.executor = executor;
    while (slots.size() < slotCount) {
      slots.add(ConcurrentHashMap.newKeySet());
    }
  }

  /**
   * Returns the outcome of a call, or this failure if there is none within the time. The failure of
   * a call comes without the exceptions that stages wrap around it.
   */
  public <T> CompletableFuture<T> within(
      Duration time, CompletionStage<T> call, Supplier<? extends RuntimeException> failure) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    expire(answer, new CallDeadline(nanoClock.getAsLong() + time.toNanos()), failure);
    call.whenComplete(
        (result, error) -> {
          if (error == null) {
            answer.complete(result);
          } else {
            answer.completeExceptionally(AsyncCalls.cause(error));
          }
        });
    return answer;
  }

  /** Fails the answer if it is not complete at the deadline. After {@link #close}, at once. */
  @SuppressWarnings("FutureReturnValueIgnored") // It only removes the entry.
  public void expire(
      CompletableFuture<?> answer,
      CallDeadline deadline,
      Supplier<? extends RuntimeException> failure) {
    PendingCall call = register(answer, deadline, failure);
    answer.whenComplete((result, error) -> call.remove());
  }

  /**
   * Does the same as {@link #expire}, for a caller that removes the entry itself when it completes
   * the answer. A sweep removes it too.
   */
  PendingCall register(
      CompletableFuture<?> answer,
      CallDeadline deadline,
      Supplier<? extends RuntimeException> failure) {
    PendingCall call = new PendingCall(answer, deadline.nanos(), failure);
    add(call);
    return call;
  }

  /** Repeats a task with this pause between two runs, until {@link #close}. */
  @SuppressWarnings("FutureReturnValueIgnored") // Nobody waits for a task without an end.
  public void repeat(Runnable task, Duration pause) {
    if (executor != null) {
      executor.scheduleWithFixedDelay(
          () -> run(task), pause.toNanos(), pause.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /**
   * Runs a task once after this time, on the daemon thread, which it must not block.
   *
   * @return cancels the task; done already if this is closed
   */
  public Future<?> after(Duration time, Runnable task) {
    try {
      return Objects.requireNonNull(executor)
          .schedule(() -> run(task), time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(null);
    }
  }

  /** Ends the thread, drops the tasks and fails all pending calls. */
  @Override
  public void close() {
    closed = true;
    if (executor != null) {
      executor.shutdown();
    }
    for (Set<PendingCall> slot : slots) {
      slot.forEach(call -> call.answer.completeExceptionally(CallFailures.closed()));
    }
  }

  /** Returns the number of sweeps that have ended. Between two of them no call times out. */
  public long sweepCount() {
    return sweepCount.get();
  }

  /** Returns the present moment of the clock that decides which deadlines have passed. */
  long nowNanos() {
    return nanoClock.getAsLong();
  }

  /** Fails the calls whose deadlines have passed. */
  void sweep() {
    long now = nanoClock.getAsLong();
    long tick = tickOf(now);
    long first = Math.max(currentTick, tick - slots.size() + 1);
    // Before the slots are visited: an entry that comes too late for its slot is moved by add().
    currentTick = tick;
    for (long each = first; each <= tick; each++) {
      for (PendingCall call : slotOf(each)) {
        if (call.deadlineNanos - now <= 0) {
          call.answer.completeExceptionally(call.failure.get());
          call.remove();
        }
      }
    }
    sweepCount.incrementAndGet();
  }

  /** For tests. */
  int pendingCount() {
    return slots.stream().mapToInt(Set::size).sum();
  }

  private void add(PendingCall call) {
    long tick;
    do {
      tick = Math.max(tickOf(call.deadlineNanos), currentTick);
      call.slot = slotOf(tick);
      call.slot.add(call);
    } while (tick < currentTick && call.slot.remove(call));
    if (closed) {
      call.answer.completeExceptionally(CallFailures.closed());
    }
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      onTaskFailure.accept(e);
    }
  }

  private long tickOf(long nanos) {
    return (nanos - startNanos) / TICK_NANOS;
  }

  private Set<PendingCall> slotOf(long tick) {
    return slots.get((int) Math.floorMod(tick, (long) slots.size()));
  }

  private static ScheduledThreadPoolExecutor newExecutor(String threadName) {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return executor;
  }

  /** An entry of the wheel. */
  static final class PendingCall {
    private final CompletableFuture<?> answer;
    private final long deadlineNanos;
    private final Supplier<? extends RuntimeException> failure;
    private Set<PendingCall> slot = Set.of();

    PendingCall(
        CompletableFuture<?> answer,
        long deadlineNanos,
        Supplier<? extends RuntimeException> failure) {
      this.answer = answer;
      this.deadlineNanos = deadlineNanos;
      this.failure = failure;
    }

    /** Removes the entry, so that the call does not time out. */
    void remove() {
      slot.remove(this);
    }
  }
}
