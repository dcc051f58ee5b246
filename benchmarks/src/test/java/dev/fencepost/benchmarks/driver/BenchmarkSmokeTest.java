package dev.fencepost.benchmarks.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.report.BenchmarkReport;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.store.StoreStarter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs everything once, and proves that the checks can fail. No time is judged. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class BenchmarkSmokeTest {
  @TempDir private Path folder;

  @Test
  void everyContenderRunsOnEveryStore() throws IOException {
    List<String> arguments = List.of("--smoke", "--out", folder.toString());
    BenchmarkReport report =
        BenchmarkMain.run(BenchmarkOptions.parse(arguments), arguments, System.out);

    assertThat(report.samples().stream().filter(sample -> !sample.isSound()))
        .as("turns that failed")
        .isEmpty();
    assertThat(report.samples()).allMatch(sample -> sample.value() >= 0);
    Set<String> wanted = new HashSet<>();
    for (String store : StoreStarter.KINDS) {
      ContenderCatalogue.on(store).forEach(entry -> wanted.add(store + " " + entry.id()));
    }
    Set<String> seen = new HashSet<>();
    for (TurnSample sample : report.samples()) {
      seen.add(sample.cell().setUp().store() + " " + sample.contender());
    }
    assertThat(seen).containsAll(wanted);
    assertThat(folder.resolve("report.md")).content().contains("Fencepost, SDK");
    assertThat(folder.resolve("report.json")).isNotEmptyFile();
  }

  @Test
  void brokenLocks_areCaught() {
    List<TurnSample> controls = SelfCheck.run();

    for (ContenderEntry control : ContenderCatalogue.controls()) {
      List<String> found =
          controls.stream()
              .filter(sample -> sample.contender().equals(control.id()))
              .flatMap(sample -> sample.violations().stream())
              .toList();
      if (control.id().equals("control-sound")) {
        assertThat(found).isEmpty();
      } else {
        assertThat(found).as(control.id()).isNotEmpty();
      }
    }
  }

  @Test
  void aCheckThatLetsABrokenLockThrough_failsTheRun() {
    List<TurnSample> blind =
        SelfCheck.run().stream()
            .map(s -> new TurnSample(s.cell(), s.contender(), 1, 1, s.numbers(), "", List.of()))
            .toList();

    assertThatThrownBy(() -> SelfCheck.requireSound(blind)).hasMessageContaining("no-exclusion");
  }
}
