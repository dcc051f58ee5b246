package dev.fencepost.benchmarks.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fencepost.benchmarks.report.Scenario;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Options of a command line. A wrong option is named in the message. */
class BenchmarkOptionsTest {

  @Test
  void lists_narrowTheRun() {
    BenchmarkOptions options =
        parse("--store redis,etcd --scenario herd --threads 1,64 --delay 0.5 --seconds 1.5");

    assertThat(options.stores()).containsExactly("redis", "etcd");
    assertThat(options.scenarios()).containsExactly(Scenario.HERD);
    assertThat(options.threads()).containsExactly(1, 64);
    assertThat(options.delaysMicros()).containsExactly(500);
    assertThat(options.turn()).isEqualTo(Duration.ofMillis(1500));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--store mongodb",
        "--scenario marathon",
        "--contender curatr",
        "--threads many",
        "--threads 0",
        "--rounds 0",
        "--rounds 1e9",
        "--delay -1",
        "--seconds NaN",
        "--replicas 17",
        "--soak long",
        "--soak -1H"
      })
  void valueThatIsWrong_isNamed(String line) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parse(line))
        .withMessageStartingWith(line + ": ");
  }

  @Test
  void optionThatIsUnknown_orHasNoValue_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parse("--loud yes"))
        .withMessage("no option --loud");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parse("--smoke --rounds"))
        .withMessage("--rounds needs a value");
  }

  private static BenchmarkOptions parse(String line) {
    return BenchmarkOptions.parse(List.of(line.split(" ", -1)));
  }
}
