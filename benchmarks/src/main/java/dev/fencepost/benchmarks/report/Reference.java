package dev.fencepost.benchmarks.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** How many times better Fencepost was than each peer, kept to see later what fell. */
public final class Reference {
  private static final String OURS = "fencepost";
  private static final double MAY_FALL = 0.3;
  private static final double THOUSANDTHS = 1000.0;
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  private Reference() {}

  /** The ratios of a run, by cell and peer. */
  public static Map<String, Double> ratios(List<Line> lines) {
    Map<String, Double> ratios = new TreeMap<>();
    for (Line peer : lines) {
      if (peer.isSound() && !peer.contender().equals(OURS)) {
        Line.find(lines, peer.cell(), OURS)
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

  /** Reads what was kept; nothing if there is no such file. */
  public static Map<String, Double> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Map.of();
    }
    TypeToken<Map<String, Double>> type = new TypeToken<>() {};
    return GSON.fromJson(Files.readString(file), type);
  }

  /** Keeps the ratios of a run. */
  public static void write(Path file, Map<String, Double> ratios) throws IOException {
    Files.writeString(file, GSON.toJson(ratios) + "\n");
  }

  /** Names each ratio that fell by more than 30 %. */
  public static List<String> fallen(Map<String, Double> kept, Map<String, Double> now) {
    List<String> fallen = new ArrayList<>();
    kept.forEach(
        (name, before) -> {
          double ratio = now.getOrDefault(name, before);
          if (ratio < before * (1 - MAY_FALL)) {
            fallen.add(String.format(Locale.ROOT, "%s: %.2f, was %.2f", name, ratio, before));
          }
        });
    return fallen;
  }
}
