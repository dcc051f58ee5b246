package dev.fencepost.server.service.call;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;

/** A call that is refused before it reaches its handler. */
final class ClosedCall {
  private ClosedCall() {}

  /** Closes the call and ignores all messages that still arrive. */
  static <Q, R> ServerCall.Listener<Q> with(ServerCall<Q, R> call, CallStatus refusal) {
    StatusRuntimeException e = refusal.toException();
    Metadata trailers = e.getTrailers();
    call.close(e.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
