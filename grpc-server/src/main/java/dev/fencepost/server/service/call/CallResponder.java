package dev.fencepost.server.service.call;

import com.google.protobuf.MessageLite;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.service.limit.ByteCharge;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends calls: a unary call with one response or one status, a stream with a status. Thread-safe.
 */
public final class CallResponder {
  private static final Logger LOG = LoggerFactory.getLogger(CallResponder.class);
  private final StatusMapper statuses;
  private final LimitAudit limits;

  public CallResponder(StatusMapper statuses, LimitAudit limits) {
    this.statuses = statuses;
    this.limits = limits;
  }

  /**
   * Starts the work of a unary call and ends the call with its result.
   *
   * @param work checks the request and starts the operation. An exception that it throws ends the
   *     call too
   */
  public <T, R extends MessageLite> void respond(
      StreamObserver<R> call, Supplier<CompletionStage<T>> work, Function<T, R> toWire) {
    ByteCharge charge = ByteCharge.current();
    CompletionStage<T> stage;
    try {
      stage = work.get();
    } catch (RuntimeException e) {
      refuse(call, e);
      return;
    }
    stage
        .thenApply(toWire)
        .whenComplete(
            (answer, failure) -> {
              if (failure == null) {
                send(call, answer, charge);
              } else {
                refuse(call, failure);
              }
            });
  }

  private <R extends MessageLite> void send(StreamObserver<R> call, R answer, ByteCharge charge) {
    try {
      // Kept until the client has read it. Small responses are part of the charge of each call.
      if (answer.getSerializedSize() > ByteCharge.CALL) {
        charge.add(answer.getSerializedSize());
      }
    } catch (OverLimitException e) {
      refuse(call, e);
      return;
    }
    send(call, answer);
  }

  public <R> void send(StreamObserver<R> call, R answer) {
    try {
      call.onNext(answer);
      call.onCompleted();
    } catch (RuntimeException e) {
      LOG.debug("the caller left before its response", e);
    }
  }

  public void refuse(StreamObserver<?> call, Throwable failure) {
    limits.record(failure);
    try {
      call.onError(statuses.of(failure).toException());
    } catch (RuntimeException e) {
      LOG.debug("the caller left before its status", e);
    }
  }

  /** Returns the audit of limits. */
  public LimitAudit limits() {
    return limits;
  }

  public StatusMapper statuses() {
    return statuses;
  }
}
