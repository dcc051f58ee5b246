package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.ServerAddress;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The servers that a command may ask, one after the other, until one of them answers. The one that
 * answered last is asked first. Safe for use by many threads.
 */
public final class ServerPool implements AutoCloseable {
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(5);
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final long STREAM_CONNECT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long LEAST_BUDGET_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final List<ServerAddress> addresses;
  private final Map<ServerAddress, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final Consumer<String> notes;
  private volatile int preferred;

  public ServerPool(List<ServerAddress> addresses) {
    this(addresses, note -> {});
  }

  /**
   * For a question that may wait.
   *
   * @param notes takes a remark for people while no server can be reached
   */
  public ServerPool(List<ServerAddress> addresses, Consumer<String> notes) {
    this.addresses = List.copyOf(addresses);
    this.notes = notes;
  }

  /** The server to ask first, as {@code --server} wants it. */
  public ServerAddress current() {
    return addresses.get(preferred);
  }

  /** All servers as {@code --server} wants them. */
  public String list() {
    return String.join(",", addresses.stream().map(ServerAddress::toString).toList());
  }

  /**
   * Where to send a stream; {@link #next} after it broke.
   *
   * @throws CallException if nobody answers there
   */
  Channel channel() throws InterruptedException {
    ServerAddress server = current();
    ManagedChannel channel = channelTo(server);
    try {
      ConnectionWait.await(channel, STREAM_CONNECT_NANOS);
      return channel;
    } catch (StatusRuntimeException e) {
      forget(server, channel);
      throw new CallException(server, e.getStatus());
    }
  }

  /** Turns to the next server. */
  void next() {
    preferred = (preferred + 1) % addresses.size();
  }

  /**
   * Asks until a server answers.
   *
   * @throws CallException if none did in time, or one refused
   * @throws InterruptedException if the thread was interrupted; the call is cancelled
   */
  public <Q, A> TimedAnswer<A> ask(UnaryCall<Q, A> question) throws InterruptedException {
    long begun = System.nanoTime();
    long end = begun + question.stay().plus(question.timeout()).toNanos();
    int reached = 1;
    boolean isTold = false;
    for (int attempt = 1; ; attempt++) {
      int asked = preferred;
      ServerAddress server = addresses.get(asked);
      ManagedChannel channel = channelTo(server);
      long sent = System.nanoTime();
      try {
        ConnectionWait.await(channel, budget(question, begun, sent, attempt).answerNanos());
        sent = System.nanoTime();
        A answer =
            call(
                channel,
                question,
                attempt == 1 ? Duration.ZERO : Duration.ofNanos(sent - begun),
                budget(question, begun, sent, attempt));
        return new TimedAnswer<>(answer, sent, System.nanoTime(), reached);
      } catch (StatusRuntimeException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException(e.getMessage());
        }
        boolean unsent = CallException.isUnsent(e.getStatus());
        reached += unsent ? 0 : 1;
        CallException failure = new CallException(server, e.getStatus());
        if (isFinal(e.getStatus(), question, begun)) {
          throw failure;
        }
        if (unsent) {
          forget(server, channel);
          isTold = isTold || tell(failure, question, attempt);
        }
        if (!pause(attempt, end)) {
          throw failure;
        }
        preferred = (asked + 1) % addresses.size();
      }
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }

  private <Q, A> A call(
      Channel channel, UnaryCall<Q, A> question, Duration elapsed, Budget budget) {
    return ClientCalls.blockingUnaryCall(
        channel,
        question.method(),
        CallOptions.DEFAULT.withDeadlineAfter(
            budget.waitNanos() + budget.answerNanos(), TimeUnit.NANOSECONDS),
        question.request().apply(elapsed));
  }

  /** What is left of the wait, and a fair part of the rest while other servers are untried. */
  private Budget budget(UnaryCall<?, ?> question, long begun, long now, int attempt) {
    long waitLeft = Math.max(0, question.stay().toNanos() - (now - begun));
    long left = question.stay().plus(question.timeout()).toNanos() - (now - begun) - waitLeft;
    int untried = addresses.size() - (attempt - 1) % addresses.size();
    return new Budget(waitLeft, Math.max(left / untried, LEAST_BUDGET_NANOS));
  }

  /** How long one server may wait in line for us, and how long it may take besides. */
  private record Budget(long waitNanos, long answerNanos) {}

  /** Says once that nobody is there, after the first round, if the question waits for somebody. */
  private boolean tell(CallException failure, UnaryCall<?, ?> question, int attempt) {
    if (attempt % addresses.size() != 0 || question.stay().isZero()) {
      return false;
    }
    notes.accept(failure.getMessage() + "; trying on");
    return true;
  }

  /** The next connection is tried at once, not after the pause that a failed channel makes. */
  private void forget(ServerAddress server, ManagedChannel channel) {
    channels.remove(server, channel);
    channel.shutdownNow();
  }

  private boolean isFinal(Status status, UnaryCall<?, ?> question, long begun) {
    if (CallException.isUnsent(status)) {
      // With nobody else to ask and no wait, a person is better served by the truth now.
      return addresses.size() == 1
          && (System.nanoTime() - begun >= question.stay().toNanos()
              || !ConnectionWait.wasRefused(status));
    }
    return question.repeat() == UnaryCall.Repeat.IF_UNSENT
        || (status.getCode() != Status.Code.UNAVAILABLE
            && status.getCode() != Status.Code.DEADLINE_EXCEEDED);
  }

  /** Pauses after each round over all servers; false if the time is over. */
  private boolean pause(int attempt, long end) throws InterruptedException {
    if (attempt % addresses.size() == 0) {
      int round = Math.min(attempt / addresses.size(), 10);
      long longest = Math.min(FIRST_PAUSE_MILLIS << round, LONGEST_PAUSE_MILLIS);
      long pause = ThreadLocalRandom.current().nextLong(longest / 2, longest);
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      TimeUnit.MILLISECONDS.sleep(Math.max(0, Math.min(pause, left)));
    }
    return end - System.nanoTime() > LEAST_BUDGET_NANOS;
  }

  private ManagedChannel channelTo(ServerAddress server) {
    return channels.computeIfAbsent(
        server,
        address ->
            OkHttpChannelBuilder.forAddress(address.host(), address.port())
                .usePlaintext()
                .disableRetry()
                .keepAliveTime(KEEP_ALIVE.toNanos(), TimeUnit.NANOSECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
                .build());
  }
}
