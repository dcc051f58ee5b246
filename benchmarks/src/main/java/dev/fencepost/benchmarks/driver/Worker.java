package dev.fencepost.benchmarks.driver;

import com.google.gson.Gson;
import dev.fencepost.benchmarks.worker.Order;
import dev.fencepost.benchmarks.worker.Outcome;
import dev.fencepost.benchmarks.worker.Signal;
import dev.fencepost.benchmarks.worker.WorkerMain;
import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A client's process. Whatever goes wrong with it is an outcome that failed. */
final class Worker implements AutoCloseable {
  private static final Gson GSON = new Gson();

  private final ChildJvm jvm;
  private boolean spent;

  /** Starts it, its JVM with these flags. */
  Worker(List<String> flags) {
    jvm = ChildJvm.start(flags, WorkerMain.class);
  }

  long pid() {
    return jvm.pid();
  }

  /** Whether it can take another order. */
  boolean isFit() {
    return !spent && jvm.isAlive();
  }

  /**
   * Has it carry out an order.
   *
   * @param onSignal told how far it is; it goes on afterwards
   * @param within how long it may be silent
   */
  Outcome run(Order order, Consumer<Signal> onSignal, Duration within) {
    begin(order);
    return finish(onSignal, within);
  }

  /** Gives it an order and does not wait. */
  void begin(Order order) {
    jvm.send(GSON.toJson(order));
  }

  /** Waits for the outcome of the order it was given. */
  Outcome finish(Consumer<Signal> onSignal, Duration within) {
    try {
      while (true) {
        String line = next(within);
        if (line.startsWith(WorkerMain.RESULT)) {
          return GSON.fromJson(line.substring(WorkerMain.RESULT.length()), Outcome.class);
        }
        onSignal.accept(signal(line));
        jvm.send("go");
      }
    } catch (AssertionError | RuntimeException e) {
      kill();
      return Outcome.failed("the client's process: " + e.getMessage());
    }
  }

  /** Waits until it is as far and lets it wait there. */
  void awaitSignal(Signal wanted, Duration within) {
    String line = next(within);
    if (line.startsWith(WorkerMain.RESULT) || signal(line) != wanted) {
      throw new IllegalStateException("instead of " + wanted + ": " + line);
    }
  }

  /** Lets it go on. */
  void proceed() {
    jvm.send("go");
  }

  /** SIGKILL. */
  void kill() {
    spent = true;
    jvm.kill();
  }

  @Override
  public void close() {
    kill();
  }

  private String next(Duration within) {
    return jvm.awaitLine(
        line -> line.startsWith(WorkerMain.RESULT) || line.startsWith(WorkerMain.SIGNAL), within);
  }

  private static Signal signal(String line) {
    return Signal.valueOf(line.substring(WorkerMain.SIGNAL.length()));
  }
}
