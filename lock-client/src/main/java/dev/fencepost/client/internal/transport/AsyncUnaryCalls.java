package dev.fencepost.client.internal.transport;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Unary calls beside the session, on the same connection. */
public final class AsyncUnaryCalls {
  private AsyncUnaryCalls() {}

  /** Sends a call. The future fails with a {@link StatusFailure}. */
  public static <Q, A> CompletableFuture<A> call(
      Channel channel, MethodDescriptor<Q, A> method, Q request, long timeoutNanos) {
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
    CompletableFuture<A> answer = new CompletableFuture<>();
    ClientCalls.asyncUnaryCall(channel.newCall(method, options), request, new Completion<>(answer));
    return answer;
  }

  /** The status of a call that failed. */
  public static final class StatusFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Status status;

    public StatusFailure(Status status) {
      super(String.valueOf(status.getDescription()), status.getCause());
      this.status = status;
    }

    public Status status() {
      return status;
    }
  }

  private static final class Completion<A> implements StreamObserver<A> {
    private final CompletableFuture<A> answer;

    Completion(CompletableFuture<A> answer) {
      this.answer = answer;
    }

    @Override
    public void onNext(A message) {
      answer.complete(message);
    }

    @Override
    public void onError(Throwable failure) {
      answer.completeExceptionally(new StatusFailure(Status.fromThrowable(failure)));
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(new StatusFailure(Status.INTERNAL));
    }
  }
}
