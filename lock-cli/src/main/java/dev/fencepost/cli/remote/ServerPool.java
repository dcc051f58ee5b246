package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.ServerAddress;
import dev.fencepost.cli.console.ServerConnection;
import dev.fencepost.lock.tls.TlsFailure;
import dev.fencepost.lock.tls.TlsProbe;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/**
 * The servers that a command may call, one after the other, until one of them answers. The server
 * that answered last is called first. Safe for use by many threads.
 */
public final class ServerPool implements AutoCloseable {
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration DIAGNOSIS_TIMEOUT = Duration.ofSeconds(2);
  private static final String[] TLS_VERSIONS = {"TLSv1.3", "TLSv1.2"};
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long MAX_PAUSE_MILLIS = 1_000;
  private static final long STREAM_CONNECT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long MIN_BUDGET_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final ServerConnection connection;
  private final List<ServerAddress> addresses;
  private final Optional<SSLContext> tls;
  private final Map<ServerAddress, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final Consumer<String> notes;
  private volatile int preferred;

  public ServerPool(ServerConnection connection) {
    this(connection, note -> {});
  }

  /**
   * Makes a pool for calls that may wait.
   *
   * @param notes prints a note for people while no server can be reached
   */
  public ServerPool(ServerConnection connection, Consumer<String> notes) {
    this.connection = connection;
    this.addresses = List.copyOf(connection.servers());
    this.tls = connection.newContext();
    this.notes = notes;
  }

  /** The server to call first. */
  public ServerAddress current() {
    return addresses.get(preferred);
  }

  /** How the servers are reached. */
  public ServerConnection connection() {
    return connection;
  }

  /**
   * Returns a connected channel for a stream. After the stream broke, call {@link #moveToNext}.
   *
   * @throws CallException if the current server does not answer
   */
  Channel channel() throws InterruptedException {
    ServerAddress server = current();
    ManagedChannel channel = channelTo(server);
    try {
      ConnectionWait.await(channel, STREAM_CONNECT_NANOS);
      return channel;
    } catch (StatusRuntimeException e) {
      discard(server, channel);
      throw failure(server, e.getStatus());
    }
  }

  /** Makes the next server the current one. */
  void moveToNext() {
    preferred = (preferred + 1) % addresses.size();
  }

  /**
   * Calls one server after another until one answers.
   *
   * @throws CallException if no server answered in time, or one refused
   * @throws InterruptedException if the thread was interrupted; the call is cancelled
   */
  public <Q, A> TimedAnswer<A> call(UnaryCall<Q, A> call) throws InterruptedException {
    long startNanos = System.nanoTime();
    long endNanos = startNanos + call.serverWait().plus(call.timeout()).toNanos();
    int receivedCalls = 1;
    boolean isNoted = false;
    for (int attempt = 1; ; attempt++) {
      int current = preferred;
      ServerAddress server = addresses.get(current);
      ManagedChannel channel = channelTo(server);
      long sentNanos = System.nanoTime();
      try {
        ConnectionWait.await(channel, budget(call, startNanos, sentNanos, attempt).answerNanos());
        sentNanos = System.nanoTime();
        A answer =
            call(
                channel,
                call,
                attempt == 1 ? Duration.ZERO : Duration.ofNanos(sentNanos - startNanos),
                budget(call, startNanos, sentNanos, attempt));
        return new TimedAnswer<>(answer, sentNanos, System.nanoTime(), receivedCalls);
      } catch (StatusRuntimeException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException(e.getMessage());
        }
        boolean isUnsent = CallException.isUnsent(e.getStatus());
        receivedCalls += isUnsent ? 0 : 1;
        CallException failure = failure(server, e.getStatus());
        if ((failure.isTlsFailure() && addresses.size() == 1)
            || isFinal(e.getStatus(), call, startNanos)) {
          throw failure;
        }
        if (isUnsent) {
          discard(server, channel);
          isNoted = isNoted || noteUnreachable(failure, call, attempt);
        }
        if (!pause(attempt, endNanos)) {
          throw failure;
        }
        preferred = (current + 1) % addresses.size();
      }
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }

  /** Explains a failure. If the server closed the connection without a reason, asks for it. */
  CallException failure(ServerAddress server, Status status) {
    Optional<String> tlsFailure = TlsFailure.explain(status.getCause());
    if (tlsFailure.isEmpty() && status.getCode() == Status.Code.UNAVAILABLE && isMute(status)) {
      tlsFailure =
          tls.map(t -> TlsProbe.ofTls(t, server.host(), server.port(), DIAGNOSIS_TIMEOUT))
              .orElseGet(
                  () -> TlsProbe.ofPlainText(server.host(), server.port(), DIAGNOSIS_TIMEOUT));
    }
    return tlsFailure
        .map(why -> CallException.ofTls(server, status, why))
        .orElseGet(() -> new CallException(server, status));
  }

  private static boolean isMute(Status status) {
    return status.getCause() == null && !String.valueOf(status.getDescription()).contains(": ");
  }

  private <Q, A> A call(Channel channel, UnaryCall<Q, A> call, Duration elapsed, Budget budget) {
    return ClientCalls.blockingUnaryCall(
        channel,
        call.method(),
        CallOptions.DEFAULT.withDeadlineAfter(
            budget.waitNanos() + budget.answerNanos(), TimeUnit.NANOSECONDS),
        call.request().apply(elapsed));
  }

  /** The rest of the wait, and an equal share of the remaining time for each untried server. */
  private Budget budget(UnaryCall<?, ?> call, long startNanos, long now, int attempt) {
    long waitLeft = Math.max(0, call.serverWait().toNanos() - (now - startNanos));
    long left = call.serverWait().plus(call.timeout()).toNanos() - (now - startNanos) - waitLeft;
    int untried = addresses.size() - (attempt - 1) % addresses.size();
    return new Budget(waitLeft, Math.max(left / untried, MIN_BUDGET_NANOS));
  }

  /** The limits of one attempt: the wait for the lock, and the answer beyond that. */
  private record Budget(long waitNanos, long answerNanos) {}

  /** Notes once, after the first round, that no server answers, if the call may wait. */
  private boolean noteUnreachable(CallException failure, UnaryCall<?, ?> call, int attempt) {
    if (attempt % addresses.size() != 0 || call.serverWait().isZero()) {
      return false;
    }
    notes.accept(failure.getMessage() + "; still trying");
    return true;
  }

  /** Drops a failed channel, so that the next attempt connects at once, without its back-off. */
  private void discard(ServerAddress server, ManagedChannel channel) {
    channels.remove(server, channel);
    channel.shutdownNow();
  }

  private boolean isFinal(Status status, UnaryCall<?, ?> call, long startNanos) {
    if (CallException.isUnsent(status)) {
      // With no other server and no wait, failing now helps a person more than retrying.
      return addresses.size() == 1
          && (System.nanoTime() - startNanos >= call.serverWait().toNanos()
              || !ConnectionWait.isRefused(status));
    }
    return call.retryPolicy() == UnaryCall.RetryPolicy.IF_UNSENT
        || (status.getCode() != Status.Code.UNAVAILABLE
            && status.getCode() != Status.Code.DEADLINE_EXCEEDED);
  }

  /** Pauses after each round over all servers; returns false if the time is over. */
  private boolean pause(int attempt, long endNanos) throws InterruptedException {
    if (attempt % addresses.size() == 0) {
      int round = Math.min(attempt / addresses.size(), 10);
      long longest = Math.min(FIRST_PAUSE_MILLIS << round, MAX_PAUSE_MILLIS);
      long pause = ThreadLocalRandom.current().nextLong(longest / 2, longest);
      long left = TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime());
      TimeUnit.MILLISECONDS.sleep(Math.max(0, Math.min(pause, left)));
    }
    return endNanos - System.nanoTime() > MIN_BUDGET_NANOS;
  }

  private ManagedChannel channelTo(ServerAddress server) {
    return channels.computeIfAbsent(server, this::newChannel);
  }

  private ManagedChannel newChannel(ServerAddress address) {
    OkHttpChannelBuilder channel =
        OkHttpChannelBuilder.forAddress(address.host(), address.port())
            .disableRetry()
            .keepAliveTime(KEEP_ALIVE.toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
    connection.bearer().ifPresent(file -> channel.intercept(BearerHeader.attach(file)));
    if (tls.isEmpty()) {
      return channel.usePlaintext().build();
    }
    channel
        .sslSocketFactory(tls.get().getSocketFactory())
        // Alone, OkHttp would speak TLS 1.2 only.
        .tlsConnectionSpec(TLS_VERSIONS, tls.get().getDefaultSSLParameters().getCipherSuites());
    connection.tlsName().ifPresent(channel::overrideAuthority);
    return channel.build();
  }
}
