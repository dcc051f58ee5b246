package dev.fencepost.testkit.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks short histories by searching, for each lock, an order of its calls in which a single lock
 * could have given these answers, each between its sending and its answer (linearizability). A call
 * without an answer may have happened at any time after it was sent, or never, or several times,
 * since it may have been sent twice.
 *
 * <p>The search is Wing's and Gong's (J. M. Wing, C. Gong: "Testing and Verifying Concurrent
 * Objects", 1993). It remembers dead ends, as G. Lowe ("Testing for linearizability", 2017) and the
 * checker Porcupine do. It can take exponential time and is bounded; reaching the bound is a
 * violation.
 */
public final class SequentialChecker {

  /** A bound that is reached after some seconds. */
  public static final int DEFAULT_BOUND = 500_000;

  private SequentialChecker() {}

  /** Checks a history within {@link #DEFAULT_BOUND}. */
  public static CheckResult check(CallHistory history, int leastProofs) {
    return check(history, leastProofs, DEFAULT_BOUND);
  }

  /**
   * Judges a history.
   *
   * @param leastProofs with fewer calls that prove a grant the history means nothing, and that is a
   *     fault
   * @param bound most states to try for each lock
   */
  public static CheckResult check(CallHistory history, int leastProofs, int bound) {
    List<String> faults = new ArrayList<>();
    history
        .byLock()
        .forEach(
            (lock, calls) -> {
              Search search = new Search(HistoryEvent.of(calls), bound);
              switch (search.run()) {
                case FOUND -> {}
                case NONE ->
                    faults.add("no order explains the calls on " + lock + "; " + search.stuckAt());
                case OUT_OF_BOUND ->
                    faults.add("undecided after " + bound + " states: the calls on " + lock);
              }
            });
    int proofs = (int) history.calls().stream().filter(RecordedCall::provesGrant).count();
    return new CheckResult(faults).and(CheckResult.ofLength(proofs, leastProofs));
  }

  private enum Outcome {
    FOUND,
    NONE,
    OUT_OF_BOUND
  }

  /** The search on one lock. */
  private static final class Search {

    private final List<HistoryEvent> steps;
    private final int bound;
    private final BitSet done = new BitSet();
    private final Set<Position> visited = new HashSet<>();
    private final Deque<Frame> path = new ArrayDeque<>();
    private final int certain;
    private int certainDone;
    private int furthest = -1;
    private String furthestState = "";

    Search(List<HistoryEvent> steps, int bound) {
      this.steps = steps;
      this.bound = bound;
      this.certain = (int) steps.stream().filter(HistoryEvent::isCertain).count();
    }

    Outcome run() {
      path.push(new Frame(-1, moves(LockModel.FREE)));
      while (!path.isEmpty()) {
        if (certainDone == certain) {
          return Outcome.FOUND;
        }
        if (visited.size() > bound) {
          return Outcome.OUT_OF_BOUND;
        }
        Frame frame = path.element();
        if (frame.moves().isEmpty()) {
          undo(path.pop());
        } else {
          make(frame.moves().pop());
        }
      }
      return Outcome.NONE;
    }

    String stuckAt() {
      return "best try: " + furthest + " of " + certain + " calls, then " + furthestState;
    }

    private void make(Move move) {
      boolean isCertain = steps.get(move.step()).isCertain();
      if (isCertain) {
        done.set(move.step());
      }
      if (!visited.add(new Position((BitSet) done.clone(), move.after()))) {
        done.clear(move.step());
        return;
      }
      if (isCertain) {
        noteProgress(move, ++certainDone);
      }
      path.push(new Frame(move.step(), moves(move.after())));
    }

    private void undo(Frame frame) {
      if (frame.madeBy() >= 0 && steps.get(frame.madeBy()).isCertain()) {
        done.clear(frame.madeBy());
        certainDone--;
      }
    }

    private void noteProgress(Move move, int reached) {
      if (reached > furthest) {
        furthest = reached;
        furthestState = move.after() + " by " + steps.get(move.step());
      }
    }

    /**
     * Returns the events that may come next: no event that began after another one must have ended.
     * Optional events are never used up, so that few positions have to be remembered.
     */
    private Deque<Move> moves(LockModel state) {
      Deque<Move> moves = new ArrayDeque<>();
      long firstEnd = Long.MAX_VALUE;
      for (int i = done.nextClearBit(0); i < steps.size(); i = done.nextClearBit(i + 1)) {
        HistoryEvent step = steps.get(i);
        if (step.earliestNanos() > firstEnd) {
          break;
        }
        firstEnd = Math.min(firstEnd, step.latestNanos());
        for (LockModel after : state.after(step)) {
          moves.add(new Move(i, after));
        }
      }
      return moves;
    }
  }

  private record Move(int step, LockModel after) {}

  private record Frame(int madeBy, Deque<Move> moves) {}

  private record Position(BitSet done, LockModel state) {}
}
