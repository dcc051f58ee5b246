package dev.fencepost.server.service;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;

/** A call that was refused before its handler saw it. */
final class Closed {
  private Closed() {}

  /** Ends the call and ignores what still comes. */
  static <Q, R> ServerCall.Listener<Q> with(ServerCall<Q, R> call, Refusal refusal) {
    StatusRuntimeException e = refusal.toException();
    Metadata trailers = e.getTrailers();
    call.close(e.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
