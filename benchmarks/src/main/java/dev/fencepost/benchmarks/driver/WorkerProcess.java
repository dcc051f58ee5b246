package dev.fencepost.benchmarks.driver;

import com.google.gson.Gson;
import dev.fencepost.benchmarks.worker.WorkerMain;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import dev.fencepost.benchmarks.worker.WorkerOutcome;
import dev.fencepost.benchmarks.worker.WorkerSignal;
import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A client's process. Every failure of the process becomes a failed outcome. */
final class WorkerProcess implements AutoCloseable {
  private static final Gson GSON = new Gson();

  private final ChildJvm jvm;
  private boolean isKilled;

  /** Starts it with flags for its JVM. */
  WorkerProcess(List<String> flags) {
    jvm = ChildJvm.start(flags, WorkerMain.class);
  }

  long pid() {
    return jvm.pid();
  }

  /** True if it can take another order. */
  boolean isUsable() {
    return !isKilled && jvm.isAlive();
  }

  /**
   * Carries out an order.
   *
   * @param onSignal called for each signal; the worker goes on when it returns
   * @param timeout the time that the worker may be silent
   */
  WorkerOutcome run(WorkerOrder order, Consumer<WorkerSignal> onSignal, Duration timeout) {
    send(order);
    return awaitOutcome(onSignal, timeout);
  }

  /** Sends an order and does not wait. */
  void send(WorkerOrder order) {
    jvm.send(GSON.toJson(order));
  }

  /** Waits for the outcome of the order. */
  WorkerOutcome awaitOutcome(Consumer<WorkerSignal> onSignal, Duration timeout) {
    try {
      while (true) {
        String line = awaitLine(timeout);
        if (line.startsWith(WorkerMain.RESULT)) {
          return GSON.fromJson(line.substring(WorkerMain.RESULT.length()), WorkerOutcome.class);
        }
        onSignal.accept(signal(line));
        proceed();
      }
    } catch (AssertionError | RuntimeException e) {
      kill();
      return WorkerOutcome.failed("the client's process: " + e.getMessage());
    }
  }

  /** Waits for the signal. The worker pauses until {@link #proceed}. */
  void awaitSignal(WorkerSignal wanted, Duration timeout) {
    String line = awaitLine(timeout);
    if (line.startsWith(WorkerMain.RESULT) || signal(line) != wanted) {
      throw new IllegalStateException("instead of " + wanted + ": " + line);
    }
  }

  /** Ends the worker's pause after a signal. */
  void proceed() {
    jvm.send("go");
  }

  /** Sends SIGKILL. */
  void kill() {
    isKilled = true;
    jvm.kill();
  }

  @Override
  public void close() {
    kill();
  }

  private String awaitLine(Duration timeout) {
    return jvm.awaitLine(
        line -> line.startsWith(WorkerMain.RESULT) || line.startsWith(WorkerMain.SIGNAL), timeout);
  }

  private static WorkerSignal signal(String line) {
    return WorkerSignal.valueOf(line.substring(WorkerMain.SIGNAL.length()));
  }
}
