package dev.fencepost.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs each JMH benchmark on each store, and proves that a failing one fails the run. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class JmhSmokeTest {
  private static final Set<String> STORES =
      Set.of("redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2");

  @Test
  void everyBenchmark_runsOnEveryStore() throws RunnerException {
    Collection<RunResult> results = new Runner(shortRun(".*").build()).run();

    Set<String> ran = new HashSet<>();
    for (RunResult result : results) {
      String name = result.getParams().getBenchmark();
      assertThat(result.getPrimaryResult().getScore()).as(name).isPositive();
      String kind = result.getParams().getParam("kind");
      ran.add(name.substring(name.lastIndexOf("jmh.") + 4) + (kind == null ? "" : " " + kind));
    }
    for (String store : STORES) {
      assertThat(ran)
          .contains(
              "BackendJmh.acquireRelease " + store,
              "BackendJmh.renew " + store,
              "BackendJmh.handOver " + store);
    }
  }

  @Test
  void benchmarkThatFails_failsTheRun() {
    Options unknownStore = shortRun("BackendJmh.renew").param("kind", "no-such-store").build();

    assertThatThrownBy(() -> new Runner(unknownStore).run()).isInstanceOf(RunnerException.class);
  }

  private static org.openjdk.jmh.runner.options.ChainedOptionsBuilder shortRun(String include) {
    return new OptionsBuilder()
        .include(include)
        .forks(0)
        .warmupIterations(0)
        .measurementIterations(1)
        .measurementTime(TimeValue.milliseconds(50))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT);
  }
}
