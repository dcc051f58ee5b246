package dev.fencepost.benchmarks.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What was found, in one run or in several of which each measured some cells.
 *
 * @param runs the oldest first; no cell is in two of them
 * @param plots names of the files with plots
 * @param fallen the ratios that fell since the reference
 */
public record Report(List<Run> runs, List<String> plots, List<String> fallen) {
  private static final String JSON = "report.json";
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  /**
   * Puts a report together and writes it: {@code report.json}, {@code report.md}, plots.
   *
   * @param folder made if need be
   * @param renews whether cells that were not measured now stay as an earlier report there has them
   * @param reference a file of earlier ratios; may be missing
   * @param now what was measured
   */
  public static Report write(Path folder, boolean renews, Path reference, Run now)
      throws IOException {
    List<Run> runs = new ArrayList<>();
    if (renews) {
      read(folder.resolve(JSON)).stream()
          .map(earlier -> earlier.without(now.cells()))
          .filter(rest -> !rest.samples().isEmpty())
          .forEach(runs::add);
    }
    runs.add(now);
    List<Line> lines = Line.of(runs);
    Map<String, String> plots = Plots.of(lines);
    Report report =
        new Report(
            List.copyOf(runs),
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

  /** Every turn of all runs. */
  public List<Sample> samples() {
    return runs.stream().flatMap(run -> run.samples().stream()).toList();
  }

  /** Whether no turn failed. */
  public boolean isSound() {
    return samples().stream().allMatch(Sample::isSound);
  }

  private static List<Run> read(Path file) throws IOException {
    return Files.exists(file)
        ? GSON.fromJson(Files.readString(file), Report.class).runs()
        : List.of();
  }
}
