package dev.fencepost.benchmarks.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Fencepost's speed divided by each peer's, kept in a file so that a later run can compare. */
final class SpeedRatios {
  private static final String OURS = "fencepost";
  private static final double TOLERATED_DROP = 0.3;
  private static final double THOUSANDTHS = 1000.0;
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  private SpeedRatios() {}

  /** Returns the ratios of a run by cell and peer. */
  static Map<String, Double> of(List<ResultRow> rows) {
    Map<String, Double> ratios = new TreeMap<>();
    for (ResultRow peer : rows) {
      if (peer.isSound() && !peer.contender().equals(OURS)) {
        ResultRow.find(rows, peer.cell(), OURS)
            .map(ours -> ours.timesBetterThan(peer))
            .filter(Double::isFinite)
            .ifPresent(
                ratio ->
                    ratios.put(
                        peer.cell().id() + " / " + peer.contender(),
                        Math.round(ratio * THOUSANDTHS) / THOUSANDTHS));
      }
    }
    return ratios;
  }

  /** Reads a file of ratios; a missing file has none. */
  static Map<String, Double> read(Path file) throws IOException {
    return Files.exists(file)
        ? GSON.fromJson(Files.readString(file), new TypeToken<Map<String, Double>>() {})
        : Map.of();
  }

  /** Writes a file of ratios. */
  static void write(Path file, Map<String, Double> ratios) throws IOException {
    Files.writeString(file, GSON.toJson(ratios) + "\n");
  }

  /** Lists the ratios that fell by more than 30 %. */
  static List<String> findRegressions(Map<String, Double> before, Map<String, Double> now) {
    return before.entrySet().stream()
        .filter(
            old ->
                now.getOrDefault(old.getKey(), old.getValue())
                    < old.getValue() * (1 - TOLERATED_DROP))
        .map(
            old ->
                String.format(
                    Locale.ROOT,
                    "%s: %.2f, was %.2f",
                    old.getKey(),
                    now.getOrDefault(old.getKey(), 0.0),
                    old.getValue()))
        .toList();
  }
}
