package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;

/**
 * An operation that asks for nothing. The server answers it at once, without its store, that it
 * does not know it: which is all that has to be known.
 */
final class LivenessProbe implements PendingOperation {
  private final Runnable onAnswer;

  /** {@code onAnswer} must not block. */
  LivenessProbe(Runnable onAnswer) {
    this.onAnswer = onAnswer;
  }

  @Override
  public Lane lane() {
    return Lane.RENEW;
  }

  @Override
  public Operation toProto(long id, long nowNanos) {
    return Operation.newBuilder().setId(id).build();
  }

  @Override
  public void answered(Result result, long countedFromNanos) {
    onAnswer.run();
  }

  @Override
  public void undelivered() {
    // The session's end is told to its owner.
  }
}
