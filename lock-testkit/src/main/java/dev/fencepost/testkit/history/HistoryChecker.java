package dev.fencepost.testkit.history;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges histories of any length, without a search, in O(n log n). For each lock:
 *
 * <ul>
 *   <li>no token belongs to two claims;
 *   <li>what was proved to stand after another grant had been answered has a greater token, or the
 *       same one;
 *   <li>nothing is proved to stand after its release was answered;
 *   <li>the times in which holders could believe to hold do not overlap: from the answer of the
 *       acquire to the sending of the release, the answer that it is lost, or the end of the lease,
 *       counted from the sending of the last answered renewal, less the margin.
 * </ul>
 *
 * <p>A lock that was freed at once by force has two holders for a while, as it was ordered; leave
 * it out of the history.
 */
public final class HistoryChecker {

  private static final long LEAST_MARGIN_NANOS = Duration.ofMillis(50).toNanos();
  private static final int MARGIN_PARTS = 10;

  private HistoryChecker() {}

  /**
   * Judges a history.
   *
   * @param leastProofs with fewer calls that prove a grant the history means nothing, and that is a
   *     fault
   */
  public static Verdict check(History history, int leastProofs) {
    List<String> faults = new ArrayList<>();
    history
        .byLock()
        .forEach(
            (lock, calls) -> {
              List<Call> proofs = calls.stream().filter(Call::provesGrant).toList();
              checkUnique(proofs, faults);
              checkRising(proofs, faults);
              checkNotRevived(proofs, faults);
              checkDisjoint(calls, faults);
            });
    int proofs = (int) history.calls().stream().filter(Call::provesGrant).count();
    return new Verdict(faults).and(Verdict.ofLength(proofs, leastProofs));
  }

  private static void checkUnique(List<Call> proofs, List<String> faults) {
    Map<Long, Call> owners = new HashMap<>();
    for (Call call : proofs) {
      Call first = owners.putIfAbsent(call.token(), call);
      if (first != null && !first.claim().equals(call.claim())) {
        faults.add("one token, two claims: " + first + " and " + call);
      }
    }
  }

  private static void checkRising(List<Call> proofs, List<String> faults) {
    List<Call> byAnswer = new ArrayList<>(proofs);
    byAnswer.sort(Comparator.comparingLong(Call::answeredNanos));
    List<Call> bySending = new ArrayList<>(proofs);
    bySending.sort(Comparator.comparingLong(Call::sentNanos));
    int answered = 0;
    Call highest = null;
    for (Call call : bySending) {
      while (byAnswer.get(answered).answeredNanos() < call.sentNanos()) {
        Call before = byAnswer.get(answered++);
        highest = highest == null || before.token() > highest.token() ? before : highest;
      }
      if (highest != null && highest.token() > call.token()) {
        faults.add("the later token is lower: " + highest + " then " + call);
      }
    }
  }

  private static void checkNotRevived(List<Call> proofs, List<String> faults) {
    Map<Long, Call> releases = new HashMap<>();
    for (Call call : proofs) {
      if (call.result() == Call.Result.RELEASED) {
        releases.merge(
            call.token(), call, (a, b) -> a.answeredNanos() <= b.answeredNanos() ? a : b);
      }
    }
    for (Call call : proofs) {
      Call release = releases.get(call.token());
      if (release != null && release.answeredNanos() < call.sentNanos()) {
        faults.add("stands after its release: " + release + " then " + call);
      }
    }
  }

  private static void checkDisjoint(List<Call> calls, List<String> faults) {
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

    static List<Holding> of(List<Call> calls) {
      Map<Long, List<Call>> byToken = new HashMap<>();
      Map<String, Long> withdrawals = new HashMap<>();
      for (Call call : calls) {
        if (call.token() != 0) {
          byToken.computeIfAbsent(call.token(), token -> new ArrayList<>()).add(call);
        } else if (call.operation() == Call.Operation.RELEASE) {
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

    private static void addTo(List<Holding> holdings, List<Call> ofOneGrant, long withdrawn) {
      long from = Long.MAX_VALUE;
      long leaseEnd = Long.MIN_VALUE;
      long given = withdrawn;
      for (Call call : ofOneGrant) {
        if (call.beginsLease()) {
          from = Math.min(from, call.answeredNanos());
          leaseEnd = Math.max(leaseEnd, call.countedFromNanos() + validNanos(call.ttlNanos()));
        } else if (call.operation() == Call.Operation.RELEASE) {
          given = Math.min(given, call.sentNanos());
        } else if (call.result() == Call.Result.LOST) {
          given = Math.min(given, call.answeredNanos());
        }
      }
      long until = Math.min(given, leaseEnd);
      if (from < until) {
        Call any = ofOneGrant.get(0);
        holdings.add(new Holding(any.token(), any.claim(), from, until));
      }
    }

    private static long validNanos(long ttlNanos) {
      return ttlNanos - Math.max(ttlNanos / MARGIN_PARTS, LEAST_MARGIN_NANOS);
    }
  }
}
