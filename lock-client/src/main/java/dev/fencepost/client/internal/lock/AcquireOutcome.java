package dev.fencepost.client.internal.lock;

import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.NotGranted;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The end of an acquire. The thread that asks for the outcome creates the exception, so that its
 * stack trace shows the caller.
 */
sealed interface AcquireOutcome {

  /** The lock is held. */
  record Held(LockHandleImpl handle) implements AcquireOutcome {}

  /** The server answered that the claim is not granted. */
  record Refused(
      LockNotGrantedException.Reason reason, List<Holder> holders, Optional<Duration> availableIn)
      implements AcquireOutcome {

    /** The time was over before any server was asked. */
    static Refused timedOut() {
      return new Refused(LockNotGrantedException.Reason.TIMED_OUT, List.of(), Optional.empty());
    }

    static Refused of(NotGranted notGranted) {
      LockNotGrantedException.Reason reason =
          switch (notGranted.getReason()) {
            case NOT_GRANTED_REASON_TIMED_OUT -> LockNotGrantedException.Reason.TIMED_OUT;
            case NOT_GRANTED_REASON_CLOSED -> LockNotGrantedException.Reason.CLOSED;
            case NOT_GRANTED_REASON_WITHDRAWN -> LockNotGrantedException.Reason.WITHDRAWN;
            case NOT_GRANTED_REASON_BUSY, NOT_GRANTED_REASON_UNSPECIFIED, UNRECOGNIZED ->
                LockNotGrantedException.Reason.BUSY;
          };
      return new Refused(
          reason,
          ProtoConverter.holders(notGranted.getHoldersList()),
          notGranted.hasAvailableIn()
              ? Optional.of(ProtoConverter.duration(notGranted.getAvailableIn()))
              : Optional.empty());
    }

    LockNotGrantedException toException(LockName lock) {
      return new LockNotGrantedException(lock, reason, holders, availableIn);
    }
  }

  /** The outcome is unknown, or the request was not allowed. */
  record Failed(CallFailure failure) implements AcquireOutcome {}

  /** Handles each case. */
  default <T> T fold(
      Function<Held, T> held, Function<Refused, T> refused, Function<Failed, T> failed) {
    if (this instanceof Held h) {
      return held.apply(h);
    }
    return this instanceof Refused r ? refused.apply(r) : failed.apply((Failed) this);
  }
}
