package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.report.Scenario;
import java.time.Duration;

/** Who takes part in which cell, and how a turn at it is done. */
final class Cells {
  private static final int FEW_LOCKS = 10_000;
  private static final int HERDS = 5;
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONGER_THAN_A_LEASE = Duration.ofSeconds(40);

  private Cells() {}

  /** Whether the contender can do it at all, as it is meant to be used. */
  static boolean takesPart(Cell cell, Entry entry) {
    if (entry.is(Trait.CEILING)) {
      return isRepeated(cell) && cell.setUp().isPlain();
    }
    return switch (cell.scenario()) {
      case UNCONTENDED -> true;
      case CONTENDED, HERD -> !entry.is(Trait.TRANSPORT);
      case MANY_LOCKS ->
          entry.is(Trait.RENEWS) && (cell.load() <= FEW_LOCKS || entry.is(Trait.FENCEPOST));
      case MANY_WAITERS -> entry.is(Trait.ASYNCHRONOUS);
      case HOLDER_KILLED -> entry.is(Trait.RENEWS);
      case LEADER_KILLED -> !entry.is(Trait.NO_LEASE);
      case REPLICA_KILLED -> entry.is(Trait.FENCEPOST) && !cell.setUp().store().equals("h2");
    };
  }

  /** Whether it is short enough for warm-up and rounds. */
  static boolean isRepeated(Cell cell) {
    return switch (cell.scenario()) {
      case UNCONTENDED, CONTENDED, HERD -> true;
      case MANY_LOCKS, MANY_WAITERS, HOLDER_KILLED, REPLICA_KILLED, LEADER_KILLED -> false;
    };
  }

  /**
   * How many turns make a round: a herd passes in some dozen milliseconds, so one of them says
   * little.
   */
  static int turnsInRound(Cell cell) {
    return cell.scenario() == Scenario.HERD ? HERDS : 1;
  }

  /** A turn. */
  static Sample run(World world, Cell cell, Entry entry, int round, Duration length) {
    return switch (cell.scenario()) {
      case UNCONTENDED, CONTENDED, HERD -> Turns.run(world, cell, entry, round, length);
      case MANY_LOCKS -> Many.locks(world, cell, entry, held(length));
      case MANY_WAITERS -> Many.waiters(world, cell, entry);
      case HOLDER_KILLED -> Failover.holder(world, cell, entry, round);
      case REPLICA_KILLED -> Failover.replica(world, cell, entry, round, length);
      case LEADER_KILLED -> Failover.leader(world, cell, entry, round, length);
    };
  }

  /** In a real run longer than a lease, so that nothing is kept that is not renewed. */
  private static Duration held(Duration length) {
    return length.compareTo(SHORT) < 0 ? length : LONGER_THAN_A_LEASE;
  }
}
