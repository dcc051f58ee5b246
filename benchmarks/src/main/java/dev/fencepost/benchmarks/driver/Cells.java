package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.report.Scenario;
import java.time.Duration;

/** Who takes part in which cell, and how a turn at it is done. */
final class Cells {
  private Cells() {}

  /** Whether the contender can do it at all, as it is meant to be used. */
  static boolean takesPart(Cell cell, Entry entry) {
    return switch (cell.scenario()) {
      case UNCONTENDED -> true;
      case CONTENDED, HERD -> !entry.is(Trait.TRANSPORT);
      default -> false;
    };
  }

  /** Whether it is short enough for warm-up and rounds. */
  static boolean isRepeated(Cell cell) {
    return switch (cell.scenario()) {
      case UNCONTENDED, CONTENDED, HERD -> true;
      default -> false;
    };
  }

  /** A turn. */
  static Sample run(World world, Cell cell, Entry entry, int round, Duration length) {
    if (cell.scenario() == Scenario.MANY_LOCKS) {
      throw new IllegalStateException("not yet");
    }
    return Turns.run(world, cell, entry, round, length);
  }
}
