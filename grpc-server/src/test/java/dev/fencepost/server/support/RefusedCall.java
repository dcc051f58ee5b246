package dev.fencepost.server.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A call that ended with a status, and the details of the status. */
public final class RefusedCall {
  private final StatusRuntimeException exception;

  private RefusedCall(StatusRuntimeException exception) {
    this.exception = exception;
  }

  public static RefusedCall by(ThrowingCallable call) {
    StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(e).as("the status of the call").isNotNull();
    return new RefusedCall(e);
  }

  public static RefusedCall with(StatusRuntimeException e) {
    return new RefusedCall(e);
  }

  public Code code() {
    return exception.getStatus().getCode();
  }

  public String message() {
    return String.valueOf(exception.getStatus().getDescription());
  }

  /** Returns the paths of the invalid fields. */
  public List<String> fields() {
    return detail(BadRequest.class)
        .map(
            bad ->
                bad.getFieldViolationsList().stream()
                    .map(BadRequest.FieldViolation::getField)
                    .toList())
        .orElse(List.of());
  }

  /** Returns the description of the fault of a field. */
  public String fault(String field) {
    return detail(BadRequest.class).orElseThrow().getFieldViolationsList().stream()
        .filter(violation -> violation.getField().equals(field))
        .map(BadRequest.FieldViolation::getDescription)
        .findFirst()
        .orElseThrow(() -> new AssertionError(field + " is not among " + fields()));
  }

  public <T extends Message> Optional<T> detail(Class<T> type) {
    com.google.rpc.Status status = StatusProto.fromThrowable(exception);
    if (status == null) {
      return Optional.empty();
    }
    for (Any detail : status.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return Optional.empty();
  }
}
