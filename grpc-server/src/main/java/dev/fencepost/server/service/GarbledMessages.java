package dev.fencepost.server.service;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.Optional;

/**
 * Answers requests that are no messages with {@code INVALID_ARGUMENT}, and those that are too large
 * once unpacked with {@code RESOURCE_EXHAUSTED}. gRPC itself would say {@code UNKNOWN}, and log an
 * error of the application. Who handles the call learns that it is over as if the client had left.
 */
final class GarbledMessages implements ServerInterceptor {
  private GarbledMessages() {}

  /** The same service; its messages are read where this can see it. */
  static ServerServiceDefinition guard(ServerServiceDefinition service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(service), new GarbledMessages());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new Reading<>(next.startCall(call, headers), call);
  }

  private static Optional<Status> refusal(StatusRuntimeException e) {
    if (e.getCause() instanceof InvalidProtocolBufferException) {
      return Optional.of(
          Status.INVALID_ARGUMENT.withDescription(
              "the request is no message of its kind: truncated, garbled or not UTF-8"));
    }
    // Handlers end calls through their observers, so this comes from the reading of the message.
    return Optional.of(e.getStatus())
        .filter(status -> status.getCode() == Code.RESOURCE_EXHAUSTED)
        .map(status -> status.withCause(null));
  }

  private static final class Reading<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private boolean refused;

    Reading(ServerCall.Listener<Q> delegate, ServerCall<Q, ?> call) {
      super(delegate);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (refused) {
        return;
      }
      try {
        super.onMessage(message);
      } catch (StatusRuntimeException e) {
        refused = true;
        call.close(refusal(e).orElseThrow(() -> e), new Metadata());
        super.onCancel();
      }
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }

    @Override
    public void onReady() {
      if (!refused) {
        super.onReady();
      }
    }

    @Override
    public void onCancel() {
      if (!refused) {
        super.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!refused) {
        super.onComplete();
      }
    }
  }
}
