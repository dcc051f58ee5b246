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
  private static final String JSON = "report.json";
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  /**
   * Puts a report together and writes it: {@code report.json}, {@code report.md}, plots.
   *
   * @param folder made if need be
   * @param renews whether cells that were not measured now stay as an earlier report there has them
   * @param reference a file of earlier ratios; may be missing
   */
  public static Report write(
      Path folder,
      boolean renews,
      Path reference,
      Map<String, String> environment,
      List<Sample> samples)
      throws IOException {
    Earlier earlier =
        renews ? Earlier.read(folder.resolve(JSON)) : new Earlier(Map.of(), List.of());
    List<Sample> all = earlier.with(samples);
    List<Line> lines = Line.of(all);
    Map<String, String> plots = Plots.of(lines);
    Report report =
        new Report(
            earlier.with(environment),
            List.copyOf(all),
            List.copyOf(plots.keySet()),
            Reference.fallen(Reference.read(reference), Reference.ratios(lines)));
    Files.createDirectories(folder);
    for (Map.Entry<String, String> plot : plots.entrySet()) {
      Files.writeString(folder.resolve(plot.getKey()), plot.getValue());
    }
    Files.writeString(folder.resolve(JSON), GSON.toJson(report) + "\n");
    Files.writeString(folder.resolve("report.md"), new Markdown(report).text());
    Reference.write(folder.resolve("ratios.json"), Reference.ratios(lines));
    return report;
  }

  /** Whether no turn failed. */
  public boolean isSound() {
    return samples.stream().allMatch(Sample::isSound);
  }
}
