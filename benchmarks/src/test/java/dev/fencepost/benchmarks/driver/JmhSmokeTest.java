package dev.fencepost.benchmarks.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.benchmarks.report.OperationCost;
import dev.fencepost.benchmarks.store.StoreStarter;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs each JMH benchmark on each store, and proves that a failing one fails the run. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class JmhSmokeTest {
  private static final List<String> OPERATIONS =
      List.of("acquireRelease", "renew", "handOver", "advanceFence");
  private static final int CALLERS = 3;

  @Test
  void everyOperation_runsOnEveryStore() throws RunnerException {
    List<OperationCost> costs = StoreComparison.run(shortRun(), List.of(CALLERS));

    Set<String> ran = new HashSet<>();
    for (OperationCost cost : costs) {
      assertThat(cost.micros()).as(cost.operation()).isPositive();
      assertThat(cost.bytes()).as(cost.operation()).isPositive();
      assertThat(cost.callers()).isEqualTo(CALLERS);
      ran.add(cost.store() + " " + cost.operation());
    }
    Set<String> wanted = new HashSet<>();
    StoreStarter.KINDS.forEach(
        kind -> OPERATIONS.forEach(operation -> wanted.add(kind + " " + operation)));
    assertThat(ran).isEqualTo(wanted);
  }

  @Test
  void everyPart_runs() throws RunnerException {
    Collection<RunResult> results =
        new Runner(shortRun().include("(Queue|Session|Proto)Jmh").build()).run();

    Set<String> ran = new HashSet<>();
    for (RunResult result : results) {
      String name = result.getParams().getBenchmark();
      assertThat(result.getPrimaryResult().getScore()).as(name).isPositive();
      ran.add(name.replaceFirst(".*\\.(\\w+)Jmh\\.\\w+$", "$1"));
    }
    assertThat(ran).containsExactlyInAnyOrder("Queue", "Session", "Proto");
  }

  @Test
  void benchmarkThatFails_failsTheRun() {
    Options unknownStore =
        shortRun().include("BackendJmh.renew").param("kind", "no-such-store").build();

    assertThatThrownBy(() -> new Runner(unknownStore).run()).isInstanceOf(RunnerException.class);
  }

  @Test
  void cellThatFails_failsTheComparison() {
    ChainedOptionsBuilder unknownStore = shortRun().param("kind", "no-such-store");

    assertThatThrownBy(() -> StoreComparison.run(unknownStore, List.of(1)))
        .isInstanceOf(RunnerException.class);
  }

  private static ChainedOptionsBuilder shortRun() {
    return new OptionsBuilder()
        .forks(0)
        .warmupIterations(0)
        .measurementIterations(1)
        .measurementTime(TimeValue.milliseconds(50))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT);
  }
}
