package dev.fencepost.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a report says of given turns: verdicts, failures, what fell, and what stays of a former. */
class ReportTest {
  private static final SetUp REDIS = SetUp.plain("redis");
  private static final Cell MANY = new Cell(REDIS, Scenario.UNCONTENDED, 64);
  private static final Cell HERD = new Cell(REDIS, Scenario.HERD, 100);
  private static final String PEER = "redisson-fenced";

  @TempDir private Path folder;
  private Path reference;

  @BeforeEach
  void nameReference() {
    reference = folder.resolve("reference.json");
  }

  @Test
  void targetThatIsReached_isMet_byTheMedianOfTheRounds() throws IOException {
    List<Sample> samples = new ArrayList<>(rounds(MANY, "fencepost", 10, 3000, 3100));
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
    List<Sample> samples = new ArrayList<>(rounds(MANY, "fencepost", 2999));
    samples.addAll(rounds(MANY, PEER, 1000));

    assertThat(verdict(samples, "uncontended 64")).contains("**not met**");
  }

  @Test
  void ofATime_theShorterIsBetter() throws IOException {
    List<Sample> samples = new ArrayList<>(rounds(HERD, "fencepost", 20));
    samples.addAll(rounds(HERD, PEER, 60));

    assertThat(verdict(samples, "herd 100")).contains("| 3.00 | 3.00 |", "| met |");
  }

  @Test
  void contenderThatFailedInOneRound_isShownAsFailed_withItsReason_andCountsForNothing()
      throws IOException {
    List<Sample> samples = new ArrayList<>(rounds(MANY, "fencepost", 3000, 3000));
    samples.addAll(rounds(MANY, PEER, 1000));
    samples.add(Sample.failed(MANY, PEER, 2, "connection\nrefused"));

    Report report = write(false, samples);

    assertThat(report.isSound()).isFalse();
    assertThat(verdict(samples, "uncontended 64")).contains("| failed |", "**not met**");
    assertThat(markdown())
        .contains("| 64 | Redisson RFencedLock | **failed** |")
        .contains("- redis uncontended 64, redisson-fenced: connection refused");
  }

  @Test
  void lockThatBrokeItsPromise_isAFailure() throws IOException {
    Sample broken = new Sample(MANY, "fencepost", 1, 9, Map.of(), "", List.of("two were inside"));

    assertThat(write(false, List.of(broken)).isSound()).isFalse();
    assertThat(markdown()).contains("- redis uncontended 64, fencepost: two were inside");
  }

  @Test
  void ratioThatFellByMoreThan30Percent_isNamed_andNoOther() throws IOException {
    Reference.write(
        reference,
        Map.of(
            "redis uncontended 64 / redisson-fenced", 2.0,
            "redis uncontended 64 / lettuce", 2.0,
            "redis uncontended 16 / lettuce", 2.0));
    List<Sample> samples = new ArrayList<>(rounds(MANY, "fencepost", 1400));
    samples.addAll(rounds(MANY, PEER, 1001));
    samples.addAll(rounds(MANY, "lettuce", 1000));

    assertThat(write(false, samples).fallen())
        .containsExactly("redis uncontended 64 / redisson-fenced: 1.40, was 2.00");
    assertThat(markdown()).contains("- redis uncontended 64 / redisson-fenced: 1.40, was 2.00");
  }

  @Test
  void ratiosOfARun_areTheReferenceOfTheNext() throws IOException {
    List<Sample> samples = new ArrayList<>(rounds(HERD, "fencepost", 20));
    samples.addAll(rounds(HERD, PEER, 60));
    write(false, samples);

    assertThat(Reference.read(folder.resolve("ratios.json")))
        .isEqualTo(Map.of("redis herd 100 / redisson-fenced", 3.0));
  }

  @Test
  void cellThatIsMeasuredAgain_isReplacedAsAWhole() throws IOException {
    List<Sample> before = new ArrayList<>(rounds(MANY, "fencepost", 1, 2, 3));
    before.addAll(rounds(MANY, PEER, 4));
    before.addAll(rounds(HERD, "fencepost", 5));
    write(false, before);

    List<Sample> now = rounds(MANY, "fencepost", 6);

    assertThat(write(true, now).samples())
        .extracting(Sample::cell, Sample::value)
        .containsExactly(tuple(HERD, 5.0), tuple(MANY, 6.0));
    assertThat(write(false, now).samples()).hasSize(1);
  }

  @Test
  void eachLine_namesItsRun_andARunOfWhichNothingIsLeftIsGone() throws IOException {
    write(false, new Run(environment("slow"), rounds(MANY, "fencepost", 1)));
    List<Sample> both = new ArrayList<>(rounds(MANY, "fencepost", 2));
    both.addAll(rounds(HERD, "fencepost", 20));
    write(true, new Run(environment("middling"), both));
    write(true, new Run(environment("fast"), rounds(MANY, "fencepost", 3)));

    assertThat(markdown())
        .contains("| cores | 2 |", "Run 1:\n\n- disk: middling", "Run 2:\n\n- disk: fast")
        .doesNotContain("slow", "- cores")
        .containsSubsequence("| 64 | Fencepost", "| 2 |\n", "| 100 | Fencepost", "| 1 |\n");
  }

  private static Map<String, String> environment(String disk) {
    return Map.of("disk", disk, "cores", "2");
  }

  /** Fencepost at 800, the peer as fast, and this ceiling. */
  private static List<Sample> ofCeiling(double ceiling) {
    List<Sample> samples = new ArrayList<>(rounds(MANY, "fencepost", 800));
    samples.addAll(rounds(MANY, PEER, 800));
    samples.addAll(rounds(MANY, "ceiling", ceiling));
    return samples;
  }

  private static List<Sample> rounds(Cell cell, String contender, double... values) {
    List<Sample> samples = new ArrayList<>();
    for (double value : values) {
      samples.add(new Sample(cell, contender, samples.size() + 1, value, Map.of(), "", List.of()));
    }
    return samples;
  }

  /** The line among the targets. */
  private String verdict(List<Sample> samples, String at) throws IOException {
    write(false, samples);
    return markdown()
        .lines()
        .filter(line -> line.startsWith("| redis | " + at))
        .findFirst()
        .orElseThrow();
  }

  private Report write(boolean renews, List<Sample> samples) throws IOException {
    return write(renews, new Run(Map.of(), samples));
  }

  private Report write(boolean renews, Run run) throws IOException {
    return Report.write(folder, renews, reference, run);
  }

  private String markdown() throws IOException {
    return Files.readString(folder.resolve("report.md"));
  }
}
