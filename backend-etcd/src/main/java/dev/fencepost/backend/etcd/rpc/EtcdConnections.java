package dev.fencepost.backend.etcd.rpc;

import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The connections to etcd's members, and calls over them.
 *
 * <p>Calls go to one member until it fails to answer, then to the next. A call is sent once, with a
 * deadline, and requires a member that knows a leader. Safe for use by many threads.
 */
public final class EtcdConnections implements AutoCloseable {
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  /** For calls that any connection may carry. */
  public static final long ANY_CONNECTION = 0;

  /** No connection has this number. */
  public static final long NO_CONNECTION = -1;

  private static final CompletionStage<Optional<String>> NO_LOGIN =
      CompletableFuture.completedStage(Optional.empty());

  private final EtcdSettings settings;
  private final List<EtcdMember> members = new ArrayList<>();
  private final AtomicInteger currentMember = new AtomicInteger();
  private final AtomicLong connectionCount = new AtomicLong();
  private final List<Runnable> doubtListeners = new CopyOnWriteArrayList<>();
  private @Nullable CompletableFuture<Optional<String>> login;

  public EtcdConnections(EtcdSettings settings) {
    this.settings = settings;
    settings
        .endpoints()
        .forEach(at -> members.add(new EtcdMember(at, settings.tls(), this::onConnected)));
  }

  /**
   * Registers a listener. It runs before a new connection is used and after a call got no answer,
   * because the next server may have lost data (for example after a restore).
   */
  public void onDoubt(Runnable listener) {
    doubtListeners.add(listener);
  }

  /** Sends a call once. */
  public <Q, A> CompletionStage<EtcdReply<A>> call(
      MethodDescriptor<Q, A> method, Q request, CallDeadline deadline) {
    return call(method, request, deadline, ANY_CONNECTION);
  }

  /** Sends a call once, over this connection and no other. */
  public <Q, A> CompletionStage<EtcdReply<A>> call(
      MethodDescriptor<Q, A> method, Q request, CallDeadline deadline, long connection) {
    UnaryRequest<Q, A> unary = new UnaryRequest<>(method, request, deadline, connection);
    return token(deadline)
        .thenCompose(
            token ->
                send(unary, token)
                    .exceptionallyCompose(error -> retryIfLoggedOut(error, unary, token)));
  }

  /** Opens a stream to the current member. It ends when another member becomes the current one. */
  public <Q, A> CompletionStage<StreamSender<Q>> stream(
      MethodDescriptor<Q, A> method, ClientCall.Listener<A> listener, CallDeadline deadline) {
    return token(deadline)
        .thenApply(
            token -> {
              int at = currentMember.get();
              ClientCall<Q, A> call = members.get(at).newCall(method, CallOptions.DEFAULT);
              call.start(new StreamListener<>(listener, at, token), headers(token));
              call.request(1);
              return new StreamSender<>(
                  call, () -> at == currentMember.get(), () -> forgetLogin(token));
            });
  }

  /** Reconnects without delay where gRPC would wait, and gives up silent connections. */
  public void reconnect() {
    members.forEach(EtcdMember::reconnect);
  }

  @Override
  public void close() {
    members.forEach(EtcdMember::close);
  }

  private record UnaryRequest<Q, A>(
      MethodDescriptor<Q, A> method, Q message, CallDeadline deadline, long connection) {}

  private <Q, A> CompletionStage<EtcdReply<A>> retryIfLoggedOut(
      Throwable error, UnaryRequest<Q, A> unary, Optional<String> usedToken) {
    if (settings.login().isEmpty() || !EtcdException.isKind(error, EtcdException.Kind.LOGGED_OUT)) {
      return CompletableFuture.failedFuture(error);
    }
    forgetLogin(usedToken);
    return token(unary.deadline()).thenCompose(token -> send(unary, token));
  }

  private <Q, A> CompletionStage<EtcdReply<A>> send(
      UnaryRequest<Q, A> unary, Optional<String> token) {
    CallDeadline deadline = unary.deadline();
    CompletableFuture<EtcdReply<A>> answer = new CompletableFuture<>();
    int to = currentMember.get();
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
    if (unary.connection() != ANY_CONNECTION) {
      options = options.withCallCredentials(new PinnedConnection(unary.connection()));
    }
    ClientCall<Q, A> call = members.get(to).newCall(unary.method(), options);
    call.start(new UnaryListener<>(call, to, hasAmpleTime(deadline), answer), headers(token));
    call.request(2);
    call.sendMessage(unary.message());
    call.halfClose();
    return answer;
  }

  /** Completes the answer of a unary call. */
  private final class UnaryListener<A> extends ClientCall.Listener<A> {
    private final ClientCall<?, A> call;
    private final int from;
    private final boolean hadAmpleTime;
    private final CompletableFuture<EtcdReply<A>> answer;
    private @Nullable A message;

    UnaryListener(
        ClientCall<?, A> call,
        int from,
        boolean hadAmpleTime,
        CompletableFuture<EtcdReply<A>> answer) {
      this.call = call;
      this.from = from;
      this.hadAmpleTime = hadAmpleTime;
      this.answer = answer;
    }

    @Override
    public void onMessage(A received) {
      members.get(from).onHeard();
      message = received;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      A received = message;
      if (status.isOk() && received != null) {
        answer.complete(new EtcdReply<>(received, EtcdMember.connectionOf(call)));
        return;
      }
      EtcdException error =
          EtcdErrors.fromStatus(
              status.isOk() ? Status.UNKNOWN.withDescription("no message") : status);
      try {
        if (error.kind() == EtcdException.Kind.UNANSWERED) {
          onNoAnswer(status.getCode() == Status.Code.DEADLINE_EXCEEDED);
        }
      } finally {
        answer.completeExceptionally(error);
      }
    }

    private void onNoAnswer(boolean overdue) {
      if (overdue && hadAmpleTime) {
        members.get(from).onOverdue();
      }
      boolean tooShort = overdue && !hadAmpleTime;
      onUnanswered(from, tooShort ? from : (from + 1) % members.size());
    }
  }

  /** True if a call has most of the call timeout left. Otherwise a missing answer proves little. */
  private boolean hasAmpleTime(CallDeadline deadline) {
    return deadline.leftNanos() > settings.callTimeout().toNanos() / 2;
  }

  /** Forwards the messages of a stream, and evaluates its end. */
  private final class StreamListener<A>
      extends ForwardingClientCallListener.SimpleForwardingClientCallListener<A> {
    private final int from;
    private final Optional<String> token;

    StreamListener(ClientCall.Listener<A> to, int from, Optional<String> token) {
      super(to);
      this.from = from;
      this.token = token;
    }

    @Override
    public void onMessage(A message) {
      members.get(from).onHeard();
      super.onMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      EtcdException.Kind kind = EtcdErrors.fromStatus(status).kind();
      try {
        if (kind == EtcdException.Kind.LOGGED_OUT) {
          forgetLogin(token);
        } else if (kind == EtcdException.Kind.UNANSWERED
            && status.getCode() != Status.Code.CANCELLED) {
          onUnanswered(from, (from + 1) % members.size());
        }
      } finally {
        super.onClose(status, trailers);
      }
    }
  }

  private void onUnanswered(int from, int next) {
    currentMember.compareAndSet(from, next);
    doubtListeners.forEach(Runnable::run);
  }

  private long onConnected() {
    long number = connectionCount.incrementAndGet();
    doubtListeners.forEach(Runnable::run);
    return number;
  }

  private static Metadata headers(Optional<String> token) {
    Metadata headers = new Metadata();
    headers.put(HAS_LEADER, "true");
    token.ifPresent(text -> headers.put(TOKEN, text));
    return headers;
  }

  private CompletionStage<Optional<String>> token(CallDeadline deadline) {
    if (settings.login().isEmpty()) {
      return NO_LOGIN;
    }
    CompletableFuture<Optional<String>> result;
    synchronized (this) {
      if (login != null && !login.isCompletedExceptionally()) {
        return login;
      }
      result = new CompletableFuture<>();
      login = result;
    }
    // A login that cannot be sent must fail, since later calls would wait for it for ever.
    AsyncCalls.start(() -> logIn(settings.login().orElseThrow(), deadline))
        .whenComplete(
            (token, error) -> {
              if (error == null) {
                result.complete(token);
              } else {
                result.completeExceptionally(error);
              }
            });
    return result;
  }

  private CompletionStage<Optional<String>> logIn(
      EtcdSettings.Login credentials, CallDeadline deadline) {
    AuthenticateRequest request =
        AuthenticateRequest.newBuilder()
            .setName(credentials.user())
            .setPassword(credentials.password())
            .build();
    return send(
            new UnaryRequest<>(AuthGrpc.getAuthenticateMethod(), request, deadline, ANY_CONNECTION),
            Optional.empty())
        .thenApply(reply -> Optional.of(reply.message().getToken()))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.NO_LOGIN)
                    ? NO_LOGIN
                    : CompletableFuture.failedFuture(error));
  }

  /** Forgets the login with this token. A later login stays. */
  private synchronized void forgetLogin(Optional<String> endedToken) {
    if (login != null && login.isDone() && endedToken.equals(login.getNow(endedToken))) {
      login = null;
    }
  }
}
