package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.tls.StoreLogin;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
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
  private final EtcdCredentials credentials;
  private final List<EtcdMember> members = new ArrayList<>();
  private final AtomicInteger currentMember = new AtomicInteger();
  private final AtomicLong connectionCount = new AtomicLong();
  private final List<Runnable> doubtListeners = new CopyOnWriteArrayList<>();
  private final SharedCall<Optional<String>> loggingIn = new SharedCall<>();

  private volatile @Nullable CurrentLogin currentLogin;

  /** A login that succeeded; its token is empty where etcd knows no authentication. */
  private record CurrentLogin(Optional<String> token) {}

  /**
   * Makes the channels. They connect with their first calls.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException naming the option and the file for
   *     TLS that cannot be used
   */
  public EtcdConnections(EtcdSettings settings) {
    this.settings = settings;
    this.credentials = new EtcdCredentials(settings.tls());
    settings
        .endpoints()
        .forEach(
            at ->
                members.add(
                    new EtcdMember(at, credentials, settings.callTimeout(), this::onConnected)));
    credentials.start(() -> members.forEach(EtcdMember::renew));
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
    return login(deadline)
        .thenCompose(
            used ->
                send(unary, used)
                    .exceptionallyCompose(error -> retryIfLoggedOut(error, unary, used)));
  }

  /** Makes a stream to the current member, to be opened by the caller. */
  public <Q, A> EtcdStream<Q, A> newStream(
      MethodDescriptor<Q, A> method, ClientCall.Listener<A> listener) {
    return new EtcdStream<>(this, method, listener);
  }

  /**
   * Reconnects without delay where gRPC would wait, gives up silent connections, and moves to new
   * ones when certificates were exchanged. Called a few times a second, by one thread.
   */
  public void reconnect() {
    members.forEach(EtcdMember::reconnect);
  }

  @Override
  public void close() {
    credentials.close();
    members.forEach(EtcdMember::close);
  }

  /**
   * The answer to a call.
   *
   * @param message etcd's message
   * @param connection the number of the connection that carried it
   */
  public record EtcdReply<A>(A message, long connection) {}

  private record UnaryRequest<Q, A>(
      MethodDescriptor<Q, A> method, Q message, CallDeadline deadline, long connection) {}

  private <Q, A> CompletionStage<EtcdReply<A>> retryIfLoggedOut(
      Throwable error, UnaryRequest<Q, A> unary, Optional<String> usedToken) {
    if (settings.login().isEmpty() || !EtcdException.isKind(error, EtcdException.Kind.LOGGED_OUT)) {
      return CompletableFuture.failedFuture(error);
    }
    forgetLogin(usedToken);
    return login(unary.deadline()).thenCompose(fresh -> send(unary, fresh));
  }

  private <Q, A> CompletionStage<EtcdReply<A>> send(
      UnaryRequest<Q, A> unary, Optional<String> login) {
    CallDeadline deadline = unary.deadline();
    CompletableFuture<EtcdReply<A>> answer = new CompletableFuture<>();
    int to = currentMember.get();
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
    if (unary.connection() != ANY_CONNECTION) {
      options = options.withCallCredentials(new EtcdMember.PinnedConnection(unary.connection()));
    }
    ClientCall<Q, A> call = members.get(to).newCall(unary.method(), options);
    call.start(new UnaryListener<>(call, to, hasAmpleTime(deadline), answer), headers(login));
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
      onUnanswered(from, overdue && !hadAmpleTime ? from : (from + 1) % members.size());
    }
  }

  /** True if a call has most of the call timeout left. Otherwise a missing answer proves little. */
  private boolean hasAmpleTime(CallDeadline deadline) {
    return deadline.leftNanos() > settings.callTimeout().toNanos() / 2;
  }

  int currentMember() {
    return currentMember.get();
  }

  /** Returns a number that changes when this member moves to new certificates. */
  int generation(int member) {
    return members.get(member).generation();
  }

  <Q, A> ClientCall<Q, A> newCall(int member, MethodDescriptor<Q, A> method, CallOptions options) {
    return members.get(member).newCall(method, options);
  }

  void onHeard(int member) {
    members.get(member).onHeard();
  }

  /** Handles a call that this member did not answer: later calls go to the next one. */
  void onUnanswered(int member) {
    onUnanswered(member, (member + 1) % members.size());
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

  static Metadata headers(Optional<String> login) {
    Metadata headers = new Metadata();
    headers.put(HAS_LEADER, "true");
    login.ifPresent(text -> headers.put(TOKEN, text));
    return headers;
  }

  /** Returns the login's token, and logs in first if necessary; empty without authentication. */
  CompletionStage<Optional<String>> login(CallDeadline deadline) {
    if (settings.login().isEmpty()) {
      return NO_LOGIN;
    }
    CurrentLogin known = currentLogin;
    return known != null
        ? CompletableFuture.completedStage(known.token())
        : loggingIn.join(() -> logIn(settings.login().orElseThrow(), deadline));
  }

  private CompletionStage<Optional<String>> logIn(StoreLogin from, CallDeadline deadline) {
    AuthenticateRequest request =
        AuthenticateRequest.newBuilder()
            .setName(from.user().orElseThrow())
            .setPassword(from.currentPassword().orElseThrow())
            .build();
    return send(
            new UnaryRequest<>(AuthGrpc.getAuthenticateMethod(), request, deadline, ANY_CONNECTION),
            Optional.empty())
        .thenApply(reply -> Optional.of(reply.message().getToken()))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.NO_LOGIN)
                    ? NO_LOGIN
                    : CompletableFuture.failedFuture(error))
        .thenApply(
            fresh -> {
              currentLogin = new CurrentLogin(fresh);
              return fresh;
            });
  }

  /** Forgets the login with this token. A later login stays. */
  synchronized void forgetLogin(Optional<String> ended) {
    if (new CurrentLogin(ended).equals(currentLogin)) {
      currentLogin = null;
    }
  }
}
