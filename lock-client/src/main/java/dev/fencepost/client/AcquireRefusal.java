package dev.fencepost.client;

import dev.fencepost.lock.Holder;
import dev.fencepost.proto.v1.NotGranted;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A server's answer that a claim was not granted. */
record AcquireRefusal(
    LockNotGrantedException.Reason reason, List<Holder> holders, Optional<Duration> availableIn) {

  /** The time was over before anybody was asked. */
  static AcquireRefusal timedOut() {
    return new AcquireRefusal(
        LockNotGrantedException.Reason.TIMED_OUT, List.of(), Optional.empty());
  }

  static AcquireRefusal of(NotGranted notGranted) {
    LockNotGrantedException.Reason reason =
        switch (notGranted.getReason()) {
          case NOT_GRANTED_REASON_TIMED_OUT -> LockNotGrantedException.Reason.TIMED_OUT;
          case NOT_GRANTED_REASON_CLOSED -> LockNotGrantedException.Reason.CLOSED;
          case NOT_GRANTED_REASON_WITHDRAWN -> LockNotGrantedException.Reason.WITHDRAWN;
          case NOT_GRANTED_REASON_BUSY, NOT_GRANTED_REASON_UNSPECIFIED, UNRECOGNIZED ->
              LockNotGrantedException.Reason.BUSY;
        };
    return new AcquireRefusal(
        reason,
        ProtoConverter.holders(notGranted.getHoldersList()),
        notGranted.hasAvailableIn()
            ? Optional.of(ProtoConverter.duration(notGranted.getAvailableIn()))
            : Optional.empty());
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(reason.toString());
    for (Holder holder : holders) {
      text.append(", held by ").append(holder.claimant().owner());
    }
    return text.toString();
  }
}
