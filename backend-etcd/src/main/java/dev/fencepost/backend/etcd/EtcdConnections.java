package dev.fencepost.backend.etcd;

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
 * The calls to etcd. They go to one member until it fails to answer, then to the next one. A call
 * is sent once, with a deadline, and asks for a member that knows a leader. Safe for use by many
 * threads.
 */
final class EtcdConnections implements AutoCloseable {
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  /** For calls that may go over any connection. */
  static final long ANY_CONNECTION = 0;

  /** No connection has this number. */
  static final long NO_CONNECTION = -1;

  private final EtcdSettings settings;
  private final List<EtcdMember> members = new ArrayList<>();
  private final AtomicInteger present = new AtomicInteger();
  private final AtomicLong connections = new AtomicLong();
  private final List<Runnable> whenDoubtful = new CopyOnWriteArrayList<>();
  private @Nullable CompletableFuture<Optional<String>> login;

  EtcdConnections(EtcdSettings settings) {
    this.settings = settings;
    settings
        .endpoints()
        .forEach(at -> members.add(new EtcdMember(at, settings.tls(), this::connected)));
  }

  /**
   * Has somebody told when a connection is made, before anything goes over it, and when a call had
   * no answer: whoever answers next may have forgotten something.
   */
  void whenDoubtful(Runnable listener) {
    whenDoubtful.add(listener);
  }

  /** Asks once. */
  <Q, A> CompletionStage<EtcdReply<A>> call(
      MethodDescriptor<Q, A> method, Q request, CallDeadline deadline) {
    return call(method, request, deadline, ANY_CONNECTION);
  }

  /** Asks once, over that connection and no other. */
  <Q, A> CompletionStage<EtcdReply<A>> call(
      MethodDescriptor<Q, A> method, Q request, CallDeadline deadline, long connection) {
    UnaryCall<Q, A> unary = new UnaryCall<>(method, request, deadline, connection);
    return token(deadline)
        .thenCompose(
            token ->
                send(unary, token).exceptionallyCompose(error -> loggedOut(error, unary, token)));
  }

  /** Begins a stream at the present member, which ends when another member becomes that. */
  <Q, A> CompletionStage<RequestStream<Q>> stream(
      MethodDescriptor<Q, A> method, ClientCall.Listener<A> listener, CallDeadline deadline) {
    return token(deadline)
        .thenApply(
            token -> {
              int at = present.get();
              ClientCall<Q, A> call = members.get(at).newCall(method, CallOptions.DEFAULT);
              call.start(new StreamListener<>(listener, at, token), headers(token));
              call.request(1);
              return new RequestStream<>(call, () -> at == present.get(), () -> logOut(token));
            });
  }

  /** Connects again at once where it was about to wait. */
  void nudge() {
    members.forEach(EtcdMember::nudge);
  }

  @Override
  public void close() {
    members.forEach(EtcdMember::close);
  }

  private record UnaryCall<Q, A>(
      MethodDescriptor<Q, A> method, Q request, CallDeadline deadline, long connection) {}

  private <Q, A> CompletionStage<EtcdReply<A>> loggedOut(
      Throwable error, UnaryCall<Q, A> unary, Optional<String> used) {
    if (settings.login().isEmpty() || !EtcdException.is(error, EtcdException.Kind.LOGGED_OUT)) {
      return CompletableFuture.failedFuture(error);
    }
    logOut(used);
    return token(unary.deadline()).thenCompose(again -> send(unary, again));
  }

  private <Q, A> CompletionStage<EtcdReply<A>> send(UnaryCall<Q, A> unary, Optional<String> token) {
    CallDeadline deadline = unary.deadline();
    CompletableFuture<EtcdReply<A>> answer = new CompletableFuture<>();
    int to = present.get();
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
    if (unary.connection() != ANY_CONNECTION) {
      options = options.withCallCredentials(new PinnedConnection(unary.connection()));
    }
    ClientCall<Q, A> call = members.get(to).newCall(unary.method(), options);
    call.start(new UnaryListener<>(call, to, hadTime(deadline), answer), headers(token));
    call.request(2);
    call.sendMessage(unary.request());
    call.halfClose();
    return answer;
  }

  /** Gives a unary call's answer. */
  private final class UnaryListener<A> extends ClientCall.Listener<A> {
    private final ClientCall<?, A> call;
    private final int from;
    private final boolean hadTime;
    private final CompletableFuture<EtcdReply<A>> answer;
    private @Nullable A message;

    UnaryListener(
        ClientCall<?, A> call, int from, boolean hadTime, CompletableFuture<EtcdReply<A>> answer) {
      this.call = call;
      this.from = from;
      this.hadTime = hadTime;
      this.answer = answer;
    }

    @Override
    public void onMessage(A said) {
      members.get(from).heard();
      message = said;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      A said = message;
      if (status.isOk() && said != null) {
        answer.complete(new EtcdReply<>(said, EtcdMember.connectionOf(call)));
        return;
      }
      EtcdException trouble =
          EtcdException.of(status.isOk() ? Status.UNKNOWN.withDescription("no message") : status);
      if (trouble.kind() == EtcdException.Kind.UNANSWERED) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED && hadTime) {
          members.get(from).isOverdue();
        }
        boolean isTooSoon = status.getCode() == Status.Code.DEADLINE_EXCEEDED && !hadTime;
        unanswered(from, isTooSoon ? from : (from + 1) % members.size());
      }
      answer.completeExceptionally(trouble);
    }
  }

  /** Whether a call that is sent now has most of its time: if not, no answer says little. */
  private boolean hadTime(CallDeadline deadline) {
    return deadline.leftNanos() > settings.callTimeout().toNanos() / 2;
  }

  /** Hands on what comes in a stream, and learns from its end. */
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
    public void onMessage(A said) {
      members.get(from).heard();
      super.onMessage(said);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      EtcdException.Kind kind = EtcdException.of(status).kind();
      if (kind == EtcdException.Kind.LOGGED_OUT) {
        logOut(token);
      } else if (kind == EtcdException.Kind.UNANSWERED
          && status.getCode() != Status.Code.CANCELLED) {
        unanswered(from, (from + 1) % members.size());
      }
      super.onClose(status, trailers);
    }
  }

  private void unanswered(int from, int next) {
    present.compareAndSet(from, next);
    whenDoubtful.forEach(Runnable::run);
  }

  private long connected() {
    long number = connections.incrementAndGet();
    whenDoubtful.forEach(Runnable::run);
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
      return NOBODY;
    }
    CompletableFuture<Optional<String>> mine;
    synchronized (this) {
      if (login != null && !login.isCompletedExceptionally()) {
        return login;
      }
      mine = new CompletableFuture<>();
      login = mine;
    }
    logIn(settings.login().orElseThrow(), deadline)
        .whenComplete(
            (token, error) -> {
              if (error == null) {
                mine.complete(token);
              } else {
                mine.completeExceptionally(error);
              }
            });
    return mine;
  }

  private CompletionStage<Optional<String>> logIn(EtcdSettings.Login who, CallDeadline deadline) {
    AuthenticateRequest request =
        AuthenticateRequest.newBuilder().setName(who.user()).setPassword(who.password()).build();
    return send(
            new UnaryCall<>(AuthGrpc.getAuthenticateMethod(), request, deadline, ANY_CONNECTION),
            Optional.empty())
        .thenApply(reply -> Optional.of(reply.message().getToken()))
        .exceptionallyCompose(
            error ->
                EtcdException.is(error, EtcdException.Kind.NO_LOGIN)
                    ? NOBODY
                    : CompletableFuture.failedFuture(error));
  }

  /** The login with this token has ended; a later one stays. */
  private synchronized void logOut(Optional<String> ended) {
    if (login != null && login.isDone() && ended.equals(login.getNow(ended))) {
      login = null;
    }
  }

  private static final CompletionStage<Optional<String>> NOBODY =
      CompletableFuture.completedStage(Optional.empty());
}
