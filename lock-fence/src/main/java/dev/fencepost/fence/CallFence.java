package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/** The fence of one gRPC call: its resource, its token and the marks to compare with. */
record CallFence(FenceMarks marks, String resource, FencingToken token) {

  /** Compares the token. Returns true if the call may go on; otherwise closes it. */
  boolean passes(ServerCall<?, ?> call) {
    try {
      marks.check(resource, token);
      return true;
    } catch (StaleTokenException e) {
      refuse(call, e);
    } catch (InvalidValueException e) {
      call.close(Status.INVALID_ARGUMENT.withDescription(e.getMessage()), new Metadata());
    } catch (RuntimeException e) {
      // After any failure it is unknown whether the token may pass.
      call.close(
          Status.UNAVAILABLE.withDescription("FENCE_UNAVAILABLE: " + e.getMessage()).withCause(e),
          new Metadata());
    }
    return false;
  }

  /** Closes the call, since this fence or another one found its token stale. */
  void refuse(ServerCall<?, ?> call, StaleTokenException stale) {
    call.close(
        Status.FAILED_PRECONDITION
            .withDescription("STALE_TOKEN: " + stale.getMessage())
            .withCause(stale),
        FenceMetadata.refusal(stale));
  }
}
