package dev.fencepost.server.service.call;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.server.service.wire.WireDuration;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Explains why a call, or a part of one, failed.
 *
 * @param code the gRPC status code
 * @param reason stable word for programs that do not decode details
 * @param message text for people
 * @param retryAfter earliest time for a retry; empty if a retry will not help
 * @param details details other than the time for a retry
 */
public record CallStatus(
    Code code, String reason, String message, Optional<Duration> retryAfter, List<Any> details) {

  /** Returns the status of the whole call. */
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

  /** Returns the result of one part of a call. */
  public Failure toFailure() {
    Failure.Builder failure =
        Failure.newBuilder().setCode(code.value()).setReason(reason).setMessage(message);
    retryAfter.ifPresent(delay -> failure.setRetryAfter(WireDuration.of(delay)));
    return failure.build();
  }
}
