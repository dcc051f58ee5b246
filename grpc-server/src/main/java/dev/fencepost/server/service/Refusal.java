package dev.fencepost.server.service;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import dev.fencepost.proto.v1.Failure;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Why a call, or a part of one, has no answer.
 *
 * @param code the gRPC status code
 * @param reason a stable word for programs that do not decode details
 * @param message for people
 * @param retryAfter not before; empty if trying again will not help
 * @param details besides when to try again
 */
record Refusal(
    Code code, String reason, String message, Optional<Duration> retryAfter, List<Any> details) {

  /** The whole call's status. */
  StatusRuntimeException toException() {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage(message)
            .addAllDetails(details);
    retryAfter.ifPresent(
        delay ->
            status.addDetails(
                Any.pack(RetryInfo.newBuilder().setRetryDelay(WireDuration.of(delay)).build())));
    return StatusProto.toStatusRuntimeException(status.build());
  }

  /** The result of one part of a call. */
  Failure toFailure() {
    Failure.Builder failure =
        Failure.newBuilder().setCode(code.value()).setReason(reason).setMessage(message);
    retryAfter.ifPresent(delay -> failure.setRetryAfter(WireDuration.of(delay)));
    return failure.build();
  }
}
