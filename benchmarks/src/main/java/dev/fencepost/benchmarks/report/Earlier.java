package dev.fencepost.benchmarks.report;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A report of which some cells are measured again. A cell is replaced as a whole: its ratios hold
 * within one run only.
 *
 * @param environment on what it ran, by name
 * @param samples its turns
 */
record Earlier(Map<String, String> environment, List<Sample> samples) {

  /** Reads one; an empty one if there is no such file. */
  static Earlier read(Path file) throws IOException {
    return Files.exists(file)
        ? new Gson().fromJson(Files.readString(file), Earlier.class)
        : new Earlier(Map.of(), List.of());
  }

  /** Its turns, those at cells of the new ones replaced where they stood; new cells at the end. */
  List<Sample> with(List<Sample> now) {
    Set<Cell> cells = new LinkedHashSet<>();
    samples.forEach(sample -> cells.add(sample.cell()));
    Set<Cell> renewed = new LinkedHashSet<>();
    now.forEach(sample -> renewed.add(sample.cell()));
    cells.addAll(renewed);
    List<Sample> all = new ArrayList<>();
    for (Cell cell : cells) {
      (renewed.contains(cell) ? now : samples)
          .stream().filter(sample -> sample.cell().equals(cell)).forEach(all::add);
    }
    return all;
  }

  /** What both ran on; where that differs, one after the other. */
  Map<String, String> with(Map<String, String> now) {
    Map<String, String> all = new LinkedHashMap<>(now);
    environment.forEach(
        (name, before) ->
            all.merge(
                name,
                before,
                (later, earlier) -> later.equals(earlier) ? later : earlier + "; then " + later));
    return all;
  }
}
