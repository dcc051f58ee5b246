package dev.fencepost.benchmarks.report;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The results of one run on one machine.
 *
 * @param environment the machine, versions and settings by name
 * @param samples every turn
 * @param regressions the ratios that fell since the reference
 */
public record BenchmarkReport(
    Map<String, String> environment, List<TurnSample> samples, List<String> regressions) {

  /**
   * Writes {@code report.md}, {@code report.json} and {@code ratios.json}.
   *
   * @param folder created if it is missing
   * @param reference a file of earlier ratios; may be missing
   */
  public static BenchmarkReport write(
      Path folder, Path reference, Map<String, String> environment, List<TurnSample> samples)
      throws IOException {
    Map<String, Double> ratios = SpeedRatios.of(ResultRow.of(samples));
    BenchmarkReport report =
        new BenchmarkReport(
            environment,
            List.copyOf(samples),
            SpeedRatios.findRegressions(SpeedRatios.read(reference), ratios));
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("report.json"),
        new GsonBuilder().setPrettyPrinting().create().toJson(report) + "\n");
    Files.writeString(folder.resolve("report.md"), new MarkdownReport(report).text());
    SpeedRatios.write(folder.resolve("ratios.json"), ratios);
    return report;
  }

  /** True if no turn failed. */
  public boolean isSound() {
    return samples.stream().allMatch(TurnSample::isSound);
  }
}
