package dev.fencepost.cli.remote;

import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.function.Function;

/**
 * A unary call and how long to keep asking.
 *
 * @param method what to call
 * @param request the request, given the time since the question was first asked
 * @param stay how long the server itself may wait before it answers
 * @param timeout how long the answer may take beyond that, over all servers
 * @param repeat whether a call with an unknown outcome may be sent again
 */
public record UnaryCall<Q, A>(
    MethodDescriptor<Q, A> method,
    Function<Duration, Q> request,
    Duration stay,
    Duration timeout,
    Repeat repeat) {

  /** A call that is answered at once and may be repeated. */
  public static <Q, A> UnaryCall<Q, A> of(
      MethodDescriptor<Q, A> method, Q request, Duration timeout) {
    return new UnaryCall<>(method, elapsed -> request, Duration.ZERO, timeout, Repeat.ALWAYS);
  }

  /** The same question for an act that must not be done twice. */
  public UnaryCall<Q, A> onlyOnce() {
    return new UnaryCall<>(method, request, stay, timeout, Repeat.IF_UNSENT);
  }

  /** When a call may be sent again. */
  enum Repeat {
    /** Whatever became of the first: it is idempotent. */
    ALWAYS,
    /** Only if the first certainly never reached a server. */
    IF_UNSENT
  }
}
