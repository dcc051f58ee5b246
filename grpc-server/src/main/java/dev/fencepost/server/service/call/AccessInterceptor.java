package dev.fencepost.server.service.call;

import dev.fencepost.server.identity.CallCredentials;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Authenticates the caller of each call and refuses those that are not. A call whose JWT is not
 * known yet waits until it is verified. Thread-safe.
 */
public final class AccessInterceptor implements ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final AccessControl control;
  private final StatusMapper statuses;
  private final Supplier<Executor> transport;

  /** Credentials of a call, and with their JWT once it is verified. */
  private record Verification(CallCredentials shown, CompletableFuture<CallCredentials> result) {}

  /**
   * Creates an interceptor that asks the control.
   *
   * @param transport returns the transport thread that handles a call, on that thread
   */
  public AccessInterceptor(
      AccessControl control, StatusMapper statuses, Supplier<Executor> transport) {
    this.control = control;
    this.statuses = statuses;
    this.transport = transport;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    CallCredentials shown = shown(call, headers);
    CompletableFuture<CallCredentials> verified = control.verify(shown);
    if (verified.isDone()) {
      return admit(call, headers, next, new Verification(shown, verified));
    }
    DeferredCall<Q, R> waiting =
        new DeferredCall<>(
            call,
            headers,
            (started, itsHeaders) ->
                admit(started, itsHeaders, next, new Verification(shown, verified)),
            ended -> {});
    startAfter(verified, waiting);
    return waiting;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the start reports its failures to the caller
  private void startAfter(CompletableFuture<?> verified, DeferredCall<?, ?> waiting) {
    verified.whenCompleteAsync((jwt, failure) -> waiting.start(), transport.get());
  }

  private static CallCredentials shown(ServerCall<?, ?> call, Metadata headers) {
    List<String> authorization = new ArrayList<>();
    Iterable<String> sent = headers.getAll(AUTHORIZATION);
    if (sent != null) {
      sent.forEach(authorization::add);
    }
    return new CallCredentials(
        authorization,
        TransportIdentity.of(call.getAttributes()),
        CallerIdentity.current().address(),
        Optional.empty());
  }

  private <Q, R> ServerCall.Listener<Q> admit(
      ServerCall<Q, R> call,
      Metadata headers,
      ServerCallHandler<Q, R> next,
      Verification verification) {
    CallAccess access;
    String method = call.getMethodDescriptor().getFullMethodName();
    try {
      CallCredentials shown = verification.result().join();
      access = HolderMethods.contain(method) ? control.admitHolder(shown) : control.admit(shown);
    } catch (CredentialException | CompletionException e) {
      if ((e instanceof CompletionException ? e.getCause() : e) instanceof CredentialException c) {
        control.recordRefusal(verification.shown(), c, method);
      }
      return ClosedCall.with(call, statuses.of(e));
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
