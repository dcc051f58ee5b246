package dev.fencepost.testkit.history;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks histories of any length without a search, in O(n log n). For each lock:
 *
 * <ul>
 *   <li>no token belongs to two claims;
 *   <li>a grant that was proved valid after another grant was answered has a greater token, or the
 *       same one;
 *   <li>no grant is proved valid after its release was answered;
 *   <li>the times in which holders could believe to hold do not overlap: from the answer of the
 *       acquire to the sending of the release, the answer that it is lost, or the end of the lease,
 *       counted from the sending of the last answered renewal, minus the margin.
 * </ul>
 *
 * <p>A lock that was freed at once by force has two holders for a while, as commanded; leave it out
 * of the history.
 */
public final class HistoryChecker {

  private static final long LEAST_MARGIN_NANOS = Duration.ofMillis(50).toNanos();
  private static final int MARGIN_PARTS = 10;

  private HistoryChecker() {}

  /**
   * Checks a history. *
   *
   * @param leastProofs fewest calls that prove a grant; with fewer the history means nothing, which
   *     is a violation
   */
  public static CheckResult check(CallHistory history, int leastProofs) {
    List<String> faults = new ArrayList<>();
    history
        .byLock()
        .forEach(
            (lock, calls) -> {
              List<RecordedCall> proofs = calls.stream().filter(RecordedCall::provesGrant).toList();
              checkUnique(proofs, faults);
              checkRising(proofs, faults);
              checkNotRevived(proofs, faults);
              checkDisjoint(calls, faults);
            });
    int proofs = (int) history.calls().stream().filter(RecordedCall::provesGrant).count();
    return new CheckResult(faults).and(CheckResult.ofLength(proofs, leastProofs));
  }

  private static void checkUnique(List<RecordedCall> proofs, List<String> faults) {
    Map<Long, RecordedCall> owners = new HashMap<>();
    for (RecordedCall call : proofs) {
      RecordedCall first = owners.putIfAbsent(call.token(), call);
      if (first != null && !first.claim().equals(call.claim())) {
        faults.add("one token, two claims: " + first + " and " + call);
      }
    }
  }

  private static void checkRising(List<RecordedCall> proofs, List<String> faults) {
    List<RecordedCall> byAnswer = new ArrayList<>(proofs);
    byAnswer.sort(Comparator.comparingLong(RecordedCall::answeredNanos));
    List<RecordedCall> bySending = new ArrayList<>(proofs);
    bySending.sort(Comparator.comparingLong(RecordedCall::sentNanos));
    int answered = 0;
    RecordedCall highest = null;
    for (RecordedCall call : bySending) {
      while (byAnswer.get(answered).answeredNanos() < call.sentNanos()) {
        RecordedCall before = byAnswer.get(answered++);
        highest = highest == null || before.token() > highest.token() ? before : highest;
      }
      if (highest != null && highest.token() > call.token()) {
        faults.add("the later token is lower: " + highest + " then " + call);
      }
    }
  }

  private static void checkNotRevived(List<RecordedCall> proofs, List<String> faults) {
    Map<Long, RecordedCall> releases = new HashMap<>();
    for (RecordedCall call : proofs) {
      if (call.result() == RecordedCall.Result.RELEASED) {
        releases.merge(
            call.token(), call, (a, b) -> a.answeredNanos() <= b.answeredNanos() ? a : b);
      }
    }
    for (RecordedCall call : proofs) {
      RecordedCall release = releases.get(call.token());
      if (release != null && release.answeredNanos() < call.sentNanos()) {
        faults.add("stands after its release: " + release + " then " + call);
      }
    }
  }

  private static void checkDisjoint(List<RecordedCall> calls, List<String> faults) {
    List<Holding> holdings = new ArrayList<>(Holding.of(calls));
    holdings.sort(Comparator.comparingLong(Holding::fromNanos));
    Holding longest = null;
    for (Holding next : holdings) {
      if (longest != null && next.fromNanos() < longest.untilNanos()) {
        faults.add("two holders: " + longest + " and " + next);
      }
      if (longest == null || next.untilNanos() > longest.untilNanos()) {
        longest = next;
      }
    }
  }

  /** The time in which a holder could believe to hold. */
  private record Holding(long token, String claim, long fromNanos, long untilNanos) {

    static List<Holding> of(List<RecordedCall> calls) {
      Map<Long, List<RecordedCall>> byToken = new HashMap<>();
      Map<String, Long> withdrawals = new HashMap<>();
      for (RecordedCall call : calls) {
        if (call.token() != 0) {
          byToken.computeIfAbsent(call.token(), token -> new ArrayList<>()).add(call);
        } else if (call.operation() == RecordedCall.Operation.RELEASE) {
          withdrawals.merge(call.claim(), call.sentNanos(), Math::min);
        }
      }
      List<Holding> holdings = new ArrayList<>();
      byToken
          .values()
          .forEach(
              ofOne ->
                  addTo(
                      holdings,
                      ofOne,
                      withdrawals.getOrDefault(ofOne.get(0).claim(), Long.MAX_VALUE)));
      return holdings;
    }

    private static void addTo(
        List<Holding> holdings, List<RecordedCall> ofOneGrant, long withdrawn) {
      long from = Long.MAX_VALUE;
      long leaseEnd = Long.MIN_VALUE;
      long given = withdrawn;
      for (RecordedCall call : ofOneGrant) {
        if (call.beginsLease()) {
          from = Math.min(from, call.answeredNanos());
          leaseEnd = Math.max(leaseEnd, call.countedFromNanos() + validNanos(call.ttlNanos()));
        } else if (call.operation() == RecordedCall.Operation.RELEASE) {
          given = Math.min(given, call.sentNanos());
        } else if (call.result() == RecordedCall.Result.LOST) {
          given = Math.min(given, call.answeredNanos());
        }
      }
      long until = Math.min(given, leaseEnd);
      if (from < until) {
        RecordedCall any = ofOneGrant.get(0);
        holdings.add(new Holding(any.token(), any.claim(), from, until));
      }
    }

    private static long validNanos(long ttlNanos) {
      return ttlNanos - Math.max(ttlNanos / MARGIN_PARTS, LEAST_MARGIN_NANOS);
    }
  }
}
