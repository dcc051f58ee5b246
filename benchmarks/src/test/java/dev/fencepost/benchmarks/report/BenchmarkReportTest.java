package dev.fencepost.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports of given samples: verdicts, failures and regressions. */
class BenchmarkReportTest {
  private static final SetUp REDIS = SetUp.plain("redis");
  private static final ScenarioCell MANY = new ScenarioCell(REDIS, Scenario.UNCONTENDED, 64);
  private static final ScenarioCell HERD = new ScenarioCell(REDIS, Scenario.HERD, 100);
  private static final String PEER = "redisson-fenced";

  @TempDir private Path folder;
  private Path reference;

  @BeforeEach
  void nameReference() {
    reference = folder.resolve("reference.json");
  }

  @Test
  void targetThatIsReached_isMet_byTheMedianOfTheRounds() throws IOException {
    List<TurnSample> samples = new ArrayList<>(rounds(MANY, "fencepost", 10, 3000, 3100));
    samples.addAll(rounds(MANY, PEER, 1000, 90_000, 10));

    assertThat(verdict(samples, "uncontended 64"))
        .contains("| 3,000 | 1,000 | 3.00 | 3.00 |", "| met |");
  }

  @Test
  void targetThatIsMissed_isAtTheCeiling_fromFourFifthsOfItOn() throws IOException {
    assertThat(verdict(ofCeiling(1000), "uncontended 64")).contains("80 %", "| at the ceiling |");
    assertThat(verdict(ofCeiling(1001), "uncontended 64")).contains("80 %", "| **not met** |");
  }

  @Test
  void targetThatIsMissed_withoutACeiling_isNotMet() throws IOException {
    List<TurnSample> samples = new ArrayList<>(rounds(MANY, "fencepost", 2999));
    samples.addAll(rounds(MANY, PEER, 1000));

    assertThat(verdict(samples, "uncontended 64")).contains("**not met**");
  }

  @Test
  void ofATime_theShorterIsBetter() throws IOException {
    List<TurnSample> samples = new ArrayList<>(rounds(HERD, "fencepost", 20));
    samples.addAll(rounds(HERD, PEER, 60));

    assertThat(verdict(samples, "herd 100")).contains("| 3.00 | 3.00 |", "| met |");
  }

  @Test
  void contenderThatFailedInOneRound_isShownAsFailed_withItsReason_andCountsForNothing()
      throws IOException {
    List<TurnSample> samples = new ArrayList<>(rounds(MANY, "fencepost", 3000, 3000));
    samples.addAll(rounds(MANY, PEER, 1000));
    samples.add(TurnSample.failed(MANY, PEER, 2, "connection\nrefused"));

    BenchmarkReport report = write(samples);

    assertThat(report.isSound()).isFalse();
    assertThat(verdict(samples, "uncontended 64")).contains("| failed |", "**not met**");
    assertThat(markdown())
        .contains("| 64 | Redisson RFencedLock | **failed** |")
        .contains("- redis uncontended 64, redisson-fenced: connection refused");
  }

  @Test
  void lockThatBrokeItsPromise_isAFailure() throws IOException {
    TurnSample broken =
        new TurnSample(MANY, "fencepost", 1, 9, Map.of(), "", List.of("two were inside"));

    assertThat(write(List.of(broken)).isSound()).isFalse();
    assertThat(markdown()).contains("- redis uncontended 64, fencepost: two were inside");
  }

  @Test
  void ratioThatFellByMoreThan30Percent_isNamed_andNoOther() throws IOException {
    SpeedRatios.write(
        reference,
        Map.of(
            "redis uncontended 64 / redisson-fenced", 2.0,
            "redis uncontended 64 / lettuce", 2.0,
            "redis uncontended 16 / lettuce", 2.0));
    List<TurnSample> samples = new ArrayList<>(rounds(MANY, "fencepost", 1400));
    samples.addAll(rounds(MANY, PEER, 1001));
    samples.addAll(rounds(MANY, "lettuce", 1000));

    assertThat(write(samples).regressions())
        .containsExactly("redis uncontended 64 / redisson-fenced: 1.40, was 2.00");
    assertThat(markdown()).contains("- redis uncontended 64 / redisson-fenced: 1.40, was 2.00");
  }

  @Test
  void ratiosOfARun_areTheReferenceOfTheNext() throws IOException {
    List<TurnSample> samples = new ArrayList<>(rounds(HERD, "fencepost", 20));
    samples.addAll(rounds(HERD, PEER, 60));
    write(samples);

    assertThat(SpeedRatios.read(folder.resolve("ratios.json")))
        .isEqualTo(Map.of("redis herd 100 / redisson-fenced", 3.0));
  }

  /** Returns samples of Fencepost at 800, a peer of the same speed, and the ceiling. */
  private static List<TurnSample> ofCeiling(double ceiling) {
    List<TurnSample> samples = new ArrayList<>(rounds(MANY, "fencepost", 800));
    samples.addAll(rounds(MANY, PEER, 800));
    samples.addAll(rounds(MANY, "ceiling", ceiling));
    return samples;
  }

  private static List<TurnSample> rounds(ScenarioCell cell, String contender, double... values) {
    List<TurnSample> samples = new ArrayList<>();
    for (double value : values) {
      samples.add(
          new TurnSample(cell, contender, samples.size() + 1, value, Map.of(), "", List.of()));
    }
    return samples;
  }

  /** Returns the row of the target. */
  private String verdict(List<TurnSample> samples, String at) throws IOException {
    write(samples);
    return markdown()
        .lines()
        .filter(line -> line.startsWith("| redis | " + at))
        .findFirst()
        .orElseThrow();
  }

  private BenchmarkReport write(List<TurnSample> samples) throws IOException {
    return BenchmarkReport.write(folder, reference, Map.of("cores", "2"), samples);
  }

  private String markdown() throws IOException {
    return Files.readString(folder.resolve("report.md"));
  }
}
