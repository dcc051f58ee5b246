package dev.fencepost.cli.remote;

import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.function.Function;

/**
 * A unary call, its time limits and its retry policy.
 *
 * @param method the method to call
 * @param request makes the request from the time since the first attempt
 * @param serverWait how long the server may wait for the lock before it answers
 * @param timeout how long the answer may take beyond that, over all servers
 * @param retryPolicy whether a call with an unknown outcome may be sent again
 */
public record UnaryCall<Q, A>(
    MethodDescriptor<Q, A> method,
    Function<Duration, Q> request,
    Duration serverWait,
    Duration timeout,
    RetryPolicy retryPolicy) {

  /** A call that the server answers at once and that may be retried. */
  public static <Q, A> UnaryCall<Q, A> of(
      MethodDescriptor<Q, A> method, Q request, Duration timeout) {
    return new UnaryCall<>(method, elapsed -> request, Duration.ZERO, timeout, RetryPolicy.ALWAYS);
  }

  /** The same call, for an operation that must not be executed twice. */
  public UnaryCall<Q, A> onlyOnce() {
    return new UnaryCall<>(method, request, serverWait, timeout, RetryPolicy.IF_UNSENT);
  }

  /** When a call may be retried. */
  enum RetryPolicy {
    /** After any failure: the call is idempotent. */
    ALWAYS,
    /** Only if the first attempt certainly never reached a server. */
    IF_UNSENT
  }
}
