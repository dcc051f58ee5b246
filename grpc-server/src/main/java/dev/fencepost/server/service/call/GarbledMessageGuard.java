package dev.fencepost.server.service.call;

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
 * Answers requests that cannot be parsed with {@code INVALID_ARGUMENT}, and requests that are too
 * large after decompression with {@code RESOURCE_EXHAUSTED}. gRPC itself would answer {@code
 * UNKNOWN} and log an error of the application. The handler of the call sees it as cancelled, as if
 * the client had left.
 */
public final class GarbledMessageGuard implements ServerInterceptor {
  private GarbledMessageGuard() {}

  /** Returns the same service with the guard. Messages are parsed where the guard sees failures. */
  public static ServerServiceDefinition guard(ServerServiceDefinition service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(service), new GarbledMessageGuard());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new GuardedListener<>(next.startCall(call, headers), call);
  }

  private static Optional<Status> statusOf(StatusRuntimeException e) {
    if (e.getCause() instanceof InvalidProtocolBufferException) {
      return Optional.of(
          Status.INVALID_ARGUMENT.withDescription(
              "the request is no message of its kind: truncated, garbled or not UTF-8"));
    }
    // Handlers end calls through their observers, so the exception comes from reading the message.
    return Optional.of(e.getStatus())
        .filter(status -> status.getCode() == Code.RESOURCE_EXHAUSTED)
        .map(status -> status.withCause(null));
  }

  private static final class GuardedListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private boolean refused;

    GuardedListener(ServerCall.Listener<Q> delegate, ServerCall<Q, ?> call) {
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
        call.close(statusOf(e).orElseThrow(() -> e), new Metadata());
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
