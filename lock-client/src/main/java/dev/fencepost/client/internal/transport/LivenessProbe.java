package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;

/**
 * An empty operation. The server answers at once, without its store, that it does not know it. Any
 * answer proves that the server is alive.
 */
final class LivenessProbe implements PendingOperation {
  private final Runnable onAnswer;

  /** Creates a probe; {@code onAnswer} must not block. */
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
  public void onResult(Result result, long countedFromNanos) {
    onAnswer.run();
  }

  @Override
  public void onSessionOver() {
    // SessionEvents reports the end of the session.
  }
}
