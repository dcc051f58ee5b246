package dev.fencepost.benchmarks.worker;

import com.google.gson.Gson;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderCatalogue;
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
 * The client's process. It reads {@link WorkerOrder orders} from standard input, one JSON object on
 * each line, and answers each with {@value #RESULT} and a {@link WorkerOutcome}. In between it
 * prints {@value #SIGNAL} and a {@link WorkerSignal}, and waits for a line. It ends with its input.
 */
public final class WorkerMain {
  /** The prefix of a line with a signal. */
  public static final String SIGNAL = "@signal ";

  /** The prefix of a line with an outcome. */
  public static final String RESULT = "@result ";

  private static final Map<String, WorkerTask> TASKS =
      Map.of(
          "uncontended", new UncontendedTask(),
          "contended", new ContendedTask(),
          "herd", new HerdTask(),
          "many-locks", new ManyLocksTask(),
          "many-waiters", new ManyWaitersTask(),
          "hold", new HoldTask(),
          "await", new AwaitGrantTask(),
          "outage", new OutageTask(),
          "mixed", new MixedLoadTask());

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
    // The driver must not read the output of a library.
    System.setOut(System.err);
    new WorkerMain(out).serve();
    // Some libraries leave threads running.
    Runtime.getRuntime().halt(0);
  }

  private void serve() throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(RESULT + gson.toJson(carryOut(gson.fromJson(line, WorkerOrder.class))));
      out.flush();
    }
  }

  // Every exception of a contender, linkage errors included, is a failure of that contender alone.
  @SuppressWarnings("CatchAndPrintStackTrace")
  private WorkerOutcome carryOut(WorkerOrder order) {
    int locks = Math.max(order.load().locks(), order.load().threads() + 1);
    try (LockReferee referee = LockReferee.open(Path.of(order.referee()), locks)) {
      Contender contender = open(order);
      WorkerTask task = TASKS.get(order.task());
      if (task == null) {
        throw new IllegalArgumentException("no task " + order.task());
      }
      return task.run(new WorkerTask.Stage(order, contender, referee, this::send))
          .withViolations(referee.takeViolations());
    } catch (Exception | LinkageError e) {
      e.printStackTrace();
      return WorkerOutcome.failed(e.toString());
    }
  }

  private Contender open(WorkerOrder order) throws Exception {
    Contender known = contenders.get(order.contender());
    if (known == null) {
      known = ContenderCatalogue.get(order.contender()).factory().open(order.settings());
      contenders.put(order.contender(), known);
    }
    return known;
  }

  private void send(WorkerSignal signal) {
    out.println(SIGNAL + signal);
    out.flush();
    try {
      if (in.readLine() == null) {
        throw new IllegalStateException("the driver has ended");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
