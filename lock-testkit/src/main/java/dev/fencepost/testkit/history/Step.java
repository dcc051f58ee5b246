package dev.fencepost.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Something that happened to a lock at one moment between two others.
 *
 * @param call the call; of an expiry, the one that began the lease
 * @param isExpiry whether it is the end of that lease
 * @param earliestNanos not before
 * @param latestNanos not after; {@link Call#NEVER} if it need not have happened at all
 */
record Step(Call call, boolean isExpiry, long earliestNanos, long latestNanos) {

  /**
   * The steps of one lock's calls, by their earliest moment. A call that changes nothing and proves
   * nothing is left out. Each grant may expire: not before its ttl has passed since the last
   * answered renewal was sent.
   */
  static List<Step> of(List<Call> calls) {
    List<Step> steps = new ArrayList<>();
    Map<Long, Call> lastBegun = new HashMap<>();
    for (Call call : calls) {
      if (isUnknownAcquire(call)) {
        steps.add(expiryOf(call));
      } else if (call.beginsLease()) {
        lastBegun.merge(call.token(), call, (a, b) -> a.sentNanos() >= b.sentNanos() ? a : b);
      }
      if (matters(call)) {
        long latest = call.result() == Call.Result.UNKNOWN ? Call.NEVER : call.answeredNanos();
        steps.add(new Step(call, false, call.sentNanos(), latest));
      }
    }
    lastBegun.values().forEach(call -> steps.add(expiryOf(call)));
    steps.sort(Comparator.comparingLong(Step::earliestNanos));
    return steps;
  }

  /** Whether it must have happened. */
  boolean isCertain() {
    return latestNanos != Call.NEVER;
  }

  private static boolean isUnknownAcquire(Call call) {
    return call.operation() == Call.Operation.ACQUIRE && call.result() == Call.Result.UNKNOWN;
  }

  private static boolean matters(Call call) {
    boolean unknownRenewal =
        call.operation() == Call.Operation.RENEW && call.result() == Call.Result.UNKNOWN;
    return call.result() != Call.Result.NOT_GRANTED && !unknownRenewal;
  }

  private static Step expiryOf(Call begun) {
    return new Step(begun, true, begun.sentNanos() + begun.ttlNanos(), Call.NEVER);
  }
}
