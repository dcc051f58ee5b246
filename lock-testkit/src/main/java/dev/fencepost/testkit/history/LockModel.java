package dev.fencepost.testkit.history;

import dev.fencepost.testkit.history.RecordedCall.Result;
import java.util.List;

/**
 * A lock's state after a sequence of events: its holder and its highest token.
 *
 * @param holder the claim that holds it; empty if none does
 * @param token the holder's token; 0 if the holder never told it
 * @param highest the highest token told so far
 */
record LockModel(String holder, long token, long highest) {

  static final LockModel FREE = new LockModel("", 0, 0);

  /** The states in which the call can have left the lock; none if it cannot have happened now. */
  List<LockModel> after(HistoryEvent step) {
    return step.isExpiry() ? afterExpiry(step) : afterCall(step.call());
  }

  private List<LockModel> afterCall(RecordedCall call) {
    return switch (call.operation()) {
      case ACQUIRE -> afterAcquire(call);
      case RENEW -> afterRenewal(call);
      case RELEASE -> afterRelease(call);
    };
  }

  private List<LockModel> afterAcquire(RecordedCall call) {
    if (call.result() == Result.UNKNOWN) {
      return holder.isEmpty() ? List.of(new LockModel(call.claim(), 0, highest)) : List.of();
    }
    if (holder.isEmpty()) {
      return call.token() > highest ? List.of(heldBy(call)) : List.of();
    }
    return provedBy(call);
  }

  private List<LockModel> afterRenewal(RecordedCall call) {
    if (call.result() == Result.RENEWED) {
      return provedBy(call);
    }
    return isCertainlyHeldBy(call) ? List.of() : List.of(this);
  }

  private List<LockModel> afterRelease(RecordedCall call) {
    boolean mayHold =
        holder.equals(call.claim())
            && (call.token() == 0 || token == call.token() || couldBe(call.token()));
    return switch (call.result()) {
      case RELEASED, UNKNOWN ->
          mayHold ? List.of(new LockModel("", 0, Math.max(highest, call.token()))) : List.of();
      default -> isCertainlyHeldBy(call) ? List.of() : List.of(this);
    };
  }

  private List<LockModel> afterExpiry(HistoryEvent expiry) {
    RecordedCall begun = expiry.call();
    boolean itsGrant = holder.equals(begun.claim()) && (token == 0 || token == begun.token());
    return itsGrant ? List.of(new LockModel("", 0, highest)) : List.of();
  }

  /** The call shows the holder's token: the one that is known, or one not told before. */
  private List<LockModel> provedBy(RecordedCall call) {
    if (!holder.equals(call.claim())) {
      return List.of();
    }
    return token == call.token() || couldBe(call.token()) ? List.of(heldBy(call)) : List.of();
  }

  private boolean couldBe(long shown) {
    return token == 0 && shown > highest;
  }

  private boolean isCertainlyHeldBy(RecordedCall call) {
    return holder.equals(call.claim())
        && (call.token() == 0 || (token != 0 && token == call.token()));
  }

  private LockModel heldBy(RecordedCall call) {
    return new LockModel(call.claim(), call.token(), Math.max(highest, call.token()));
  }
}
