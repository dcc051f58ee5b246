package dev.fencepost.benchmarks.worker;

import com.google.gson.Gson;
import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Contender;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The client's process: reads {@link Order orders} from its standard input, one JSON object on each
 * line, and answers each with {@value #RESULT} and an {@link Outcome}. In between it prints {@value
 * #SIGNAL} and a {@link Signal}, and goes on when it has read a line. Ends with its input.
 */
public final class WorkerMain {
  /** What a line with a signal begins with. */
  public static final String SIGNAL = "@signal ";

  /** What a line with an outcome begins with. */
  public static final String RESULT = "@result ";

  private static final Map<String, Task> TASKS =
      Map.of(
          "uncontended", new Uncontended(),
          "contended", new Contended(),
          "herd", new Herd(),
          "many-locks", new ManyLocks(),
          "many-waiters", new ManyWaiters(),
          "hold", new Hold(),
          "await", new AwaitGrant(),
          "outage", new Outage(),
          "mixed", new Mixed());

  private final Gson gson = new Gson();
  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final PrintStream out;
  private final Map<String, Contender> contenders = new HashMap<>();

  private WorkerMain(PrintStream out) {
    this.out = out;
  }

  /** Runs until its input ends. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out = System.out;
    // Whatever a library prints is not for the driver.
    System.setOut(System.err);
    new WorkerMain(out).serve();
    // Some libraries leave threads behind.
    Runtime.getRuntime().halt(0);
  }

  private void serve() throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(RESULT + gson.toJson(carryOut(gson.fromJson(line, Order.class))));
      out.flush();
    }
  }

  // Whatever a contender throws, linkage errors included, is its failure and nobody else's.
  @SuppressWarnings("CatchAndPrintStackTrace")
  private Outcome carryOut(Order order) {
    int cells = Math.max(order.load().locks(), order.load().threads() + 1);
    try (Referee referee = Referee.open(Path.of(order.referee()), cells)) {
      Contender contender = contender(order);
      Task task = TASKS.get(order.task());
      if (task == null) {
        throw new IllegalArgumentException("no task " + order.task());
      }
      return task.run(new Task.Stage(order, contender, referee, this::tell)).with(referee.take());
    } catch (Exception | LinkageError e) {
      e.printStackTrace();
      return Outcome.failed(e.toString());
    }
  }

  private Contender contender(Order order) throws Exception {
    Contender known = contenders.get(order.contender());
    if (known == null) {
      known = Catalogue.get(order.contender()).factory().open(order.settings());
      contenders.put(order.contender(), known);
    }
    return known;
  }

  private void tell(Signal signal) {
    out.println(SIGNAL + signal);
    out.flush();
    try {
      if (in.readLine() == null) {
        throw new IllegalStateException("the driver is gone");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
