package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.report.OperationCost;
import dev.fencepost.benchmarks.report.StoreTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** The main program of {@code benchmarks/run --jmh}: all stores under JMH, in one table. */
public final class StoreComparison {
  private static final String BENCHMARKS = "\\.BackendJmh\\.";
  private static final String ALLOCATION = "gc.alloc.rate.norm";
  private static final List<Integer> CALLERS = List.of(1, 64);
  private static final List<String> FLAGS = List.of("-Xms512m", "-Xmx1g", "-XX:+UseG1GC");

  /** Lines of the description that are about clients, servers and peers. */
  private static final List<String> OF_OTHER_RUNS =
      List.of("client JVMs", "Fencepost's JVMs", "settings of the peers");

  private static final int EXIT_FAILED = 1;

  private StoreComparison() {}

  /**
   * Measures and writes {@code stores.md} into the folder that is the only argument. Exits with 1
   * if one cell failed; nothing is written then.
   */
  public static void main(String[] arguments) throws IOException {
    Map<String, String> environment = MachineDescription.describe(List.of("--jmh"));
    environment.keySet().removeAll(OF_OTHER_RUNS);
    environment.put("JVM", String.join(" ", FLAGS));
    List<OperationCost> costs;
    try {
      ChainedOptionsBuilder options =
          new OptionsBuilder().jvmArgsAppend(FLAGS.toArray(String[]::new));
      costs = run(options, CALLERS);
    } catch (RunnerException e) {
      System.err.println("benchmarks: " + e.getMessage());
      System.exit(EXIT_FAILED);
      return;
    }
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    String table = StoreTable.render(environment, costs);
    Files.writeString(folder.resolve("stores.md"), table);
    System.out.println(table);
  }

  /**
   * Runs each operation on each store.
   *
   * @throws RunnerException if one of them failed
   */
  static List<OperationCost> run(ChainedOptionsBuilder options, List<Integer> callers)
      throws RunnerException {
    List<OperationCost> costs = new ArrayList<>();
    for (int each : callers) {
      ChainedOptionsBuilder these =
          new OptionsBuilder()
              .parent(options.build())
              .include(BENCHMARKS)
              .threads(each)
              .timeUnit(TimeUnit.MICROSECONDS)
              .addProfiler(GCProfiler.class)
              .shouldFailOnError(true);
      for (RunResult result : new Runner(these.build()).run()) {
        costs.add(costOf(result, each));
      }
    }
    return costs;
  }

  private static OperationCost costOf(RunResult result, int callers) {
    String name = result.getParams().getBenchmark();
    Result<?> time = result.getPrimaryResult();
    return new OperationCost(
        result.getParams().getParam("kind"),
        name.substring(name.lastIndexOf('.') + 1),
        callers,
        time.getScore(),
        time.getScoreError(),
        Objects.requireNonNull(result.getSecondaryResults().get(ALLOCATION)).getScore());
  }
}
