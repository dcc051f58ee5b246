package dev.fencepost.server.service.call;

import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.transport.TransportIdentity;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.ArrayList;
import java.util.List;

/** Authenticates the caller of each call and refuses those that are not. Thread-safe. */
public final class AccessInterceptor implements ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final AccessControl control;
  private final StatusMapper statuses;

  /** Creates an interceptor that asks the control. */
  public AccessInterceptor(AccessControl control, StatusMapper statuses) {
    this.control = control;
    this.statuses = statuses;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    List<String> authorization = new ArrayList<>();
    Iterable<String> sent = headers.getAll(AUTHORIZATION);
    if (sent != null) {
      sent.forEach(authorization::add);
    }
    CallAccess access;
    try {
      access = control.admit(authorization, TransportIdentity.of(call.getAttributes()));
    } catch (CredentialException e) {
      CallStatus refused = statuses.of(e);
      return ClosedCall.with(call, refused);
    }
    Context context = Context.current().withValue(CallAccess.KEY, access);
    try {
      return new LeavingListener<>(Contexts.interceptCall(context, call, headers, next), access);
    } catch (RuntimeException e) {
      control.leave(access);
      throw e;
    }
  }

  private final class LeavingListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final CallAccess access;

    LeavingListener(ServerCall.Listener<Q> delegate, CallAccess access) {
      super(delegate);
      this.access = access;
    }

    @Override
    public void onComplete() {
      control.leave(access);
      super.onComplete();
    }

    @Override
    public void onCancel() {
      control.leave(access);
      super.onCancel();
    }
  }
}
