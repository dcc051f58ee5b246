package dev.fencepost.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An event of a lock at some moment between two others.
 *
 * @param call the call; of an expiry, the one that began the lease
 * @param isExpiry whether it is the end of that lease
 * @param earliestNanos not before
 * @param latestNanos not after; {@link RecordedCall#NEVER} if it need not have happened at all
 */
record HistoryEvent(RecordedCall call, boolean isExpiry, long earliestNanos, long latestNanos) {

  /**
   * Returns the events of one lock's calls, by their earliest moment. A call that changes nothing
   * and proves nothing is left out. Each grant may expire: not before its ttl has passed since the
   * last answered renewal was sent.
   */
  static List<HistoryEvent> of(List<RecordedCall> calls) {
    List<HistoryEvent> steps = new ArrayList<>();
    Map<Long, RecordedCall> lastBegun = new HashMap<>();
    for (RecordedCall call : calls) {
      if (isUnknownAcquire(call)) {
        steps.add(expiryOf(call));
      } else if (call.beginsLease()) {
        lastBegun.merge(call.token(), call, (a, b) -> a.sentNanos() >= b.sentNanos() ? a : b);
      }
      if (matters(call)) {
        long latest =
            call.result() == RecordedCall.Result.UNKNOWN
                ? RecordedCall.NEVER
                : call.answeredNanos();
        steps.add(new HistoryEvent(call, false, call.sentNanos(), latest));
      }
    }
    lastBegun.values().forEach(call -> steps.add(expiryOf(call)));
    steps.sort(Comparator.comparingLong(HistoryEvent::earliestNanos));
    return steps;
  }

  /** Whether it must have happened. */
  boolean isCertain() {
    return latestNanos != RecordedCall.NEVER;
  }

  private static boolean isUnknownAcquire(RecordedCall call) {
    return call.operation() == RecordedCall.Operation.ACQUIRE
        && call.result() == RecordedCall.Result.UNKNOWN;
  }

  private static boolean matters(RecordedCall call) {
    boolean unknownRenewal =
        call.operation() == RecordedCall.Operation.RENEW
            && call.result() == RecordedCall.Result.UNKNOWN;
    return call.result() != RecordedCall.Result.NOT_GRANTED && !unknownRenewal;
  }

  private static HistoryEvent expiryOf(RecordedCall begun) {
    return new HistoryEvent(begun, true, begun.sentNanos() + begun.ttlNanos(), RecordedCall.NEVER);
  }
}
