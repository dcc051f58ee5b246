package dev.fencepost.benchmarks.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a run found.
 *
 * @param environment on what it ran, by name
 * @param samples every turn
 * @param plots names of the files with plots
 * @param fallen the ratios that fell since the reference
 */
public record Report(
    Map<String, String> environment,
    List<Sample> samples,
    List<String> plots,
    List<String> fallen) {
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  /**
   * Puts a report together and writes it: {@code report.json}, {@code report.md}, plots.
   *
   * @param folder made if need be
   * @param reference a file of earlier ratios; may be missing
   */
  public static Report write(
      Path folder, Path reference, Map<String, String> environment, List<Sample> samples)
      throws IOException {
    List<Line> lines = Line.of(samples);
    Map<String, String> plots = Plots.of(lines);
    Report report =
        new Report(
            environment,
            List.copyOf(samples),
            List.copyOf(plots.keySet()),
            Reference.fallen(Reference.read(reference), Reference.ratios(lines)));
    Files.createDirectories(folder);
    for (Map.Entry<String, String> plot : plots.entrySet()) {
      Files.writeString(folder.resolve(plot.getKey()), plot.getValue());
    }
    Files.writeString(folder.resolve("report.json"), GSON.toJson(report) + "\n");
    Files.writeString(folder.resolve("report.md"), new Markdown(report).text());
    Reference.write(folder.resolve("ratios.json"), Reference.ratios(lines));
    return report;
  }

  /** Whether no turn failed. */
  public boolean isSound() {
    return samples.stream().allMatch(Sample::isSound);
  }
}
