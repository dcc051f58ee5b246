package dev.fencepost.server.service;

import com.google.protobuf.MessageLite;
import dev.fencepost.core.OverLimitException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends unary calls, each with one answer or one status. Thread-safe. */
final class Answers {
  private static final Logger LOG = LoggerFactory.getLogger(Answers.class);
  private final Refusals refusals;

  Answers(Refusals refusals) {
    this.refusals = refusals;
  }

  /**
   * Ends the call when the work is done.
   *
   * @param work checks the request and starts; what it throws ends the call too
   */
  <T, R extends MessageLite> void answer(
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
      // It is kept until the client has read it. Small ones are part of what any call costs.
      if (answer.getSerializedSize() > ByteCharge.CALL) {
        charge.add(answer.getSerializedSize());
      }
    } catch (OverLimitException e) {
      refuse(call, e);
      return;
    }
    send(call, answer);
  }

  <R> void send(StreamObserver<R> call, R answer) {
    try {
      call.onNext(answer);
      call.onCompleted();
    } catch (RuntimeException e) {
      LOG.debug("the caller left before its answer", e);
    }
  }

  void refuse(StreamObserver<?> call, Throwable failure) {
    try {
      call.onError(refusals.of(failure).toException());
    } catch (RuntimeException e) {
      LOG.debug("the caller left before its refusal", e);
    }
  }

  Refusals refusals() {
    return refusals;
  }
}
