package dev.fencepost.benchmarks.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.report.Report;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That all of it runs, and that its checks can fail. No timing is judged. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class SmokeTest {
  @TempDir private Path folder;

  @Test
  void everyContenderRunsOnEveryStore() throws IOException {
    List<String> arguments = List.of("--smoke", "--out", folder.toString());
    Report report = Bench.run(Options.parse(arguments), arguments, System.out);

    assertThat(report.samples().stream().filter(sample -> !sample.isSound()))
        .as("turns that failed")
        .isEmpty();
    assertThat(report.samples()).allMatch(sample -> sample.value() >= 0);
    Set<String> wanted = new HashSet<>();
    for (String store : Stores.KINDS) {
      Catalogue.on(store).forEach(entry -> wanted.add(store + " " + entry.id()));
    }
    Set<String> seen = new HashSet<>();
    for (Sample sample : report.samples()) {
      seen.add(sample.cell().setUp().store() + " " + sample.contender());
    }
    assertThat(seen).containsAll(wanted);
    assertThat(folder.resolve("report.md")).content().contains("Fencepost, SDK");
    assertThat(folder.resolve("report.json")).isNotEmptyFile();
  }

  @Test
  void brokenLocks_areCaught() {
    List<Sample> controls = Controls.run();

    for (Entry control : Catalogue.controls()) {
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
    List<Sample> blind =
        Controls.run().stream()
            .map(s -> new Sample(s.cell(), s.contender(), 1, 1, s.numbers(), "", List.of()))
            .toList();

    assertThatThrownBy(() -> Controls.require(blind)).hasMessageContaining("no-exclusion");
  }
}
