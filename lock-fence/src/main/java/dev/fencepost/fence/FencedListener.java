package dev.fencepost.fence;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;

/**
 * Compares the token at each event that makes the handler act: at the end of a single request,
 * which is when its handler runs, and at each message and the end of a stream. gRPC calls a
 * listener from one thread at a time.
 */
final class FencedListener<Q> extends SimpleForwardingServerCallListener<Q> {

  private final ServerCall<Q, ?> call;
  private final CallFence fence;
  private final boolean stream;
  private boolean refused;

  FencedListener(ServerCall.Listener<Q> handler, ServerCall<Q, ?> call, CallFence fence) {
    super(handler);
    MethodDescriptor<Q, ?> method = call.getMethodDescriptor();
    this.call = call;
    this.fence = fence;
    this.stream = !method.getType().clientSendsOneMessage();
  }

  @Override
  public void onMessage(Q message) {
    if (!refused && (!stream || passes())) {
      handle(() -> super.onMessage(message));
    }
  }

  @Override
  public void onHalfClose() {
    if (!refused && passes()) {
      handle(super::onHalfClose);
    }
  }

  @Override
  public void onReady() {
    if (!refused) {
      super.onReady();
    }
  }

  @Override
  public void onCancel() {
    if (!refused) {
      super.onCancel();
    }
  }

  @Override
  public void onComplete() {
    if (!refused) {
      super.onComplete();
    }
  }

  /** Runs the handler, and answers the refusal by a fence of the handler's own. */
  private void handle(Runnable handler) {
    try {
      handler.run();
    } catch (StaleTokenException e) {
      fence.refuse(call, e);
      refused = true;
      super.onCancel();
    }
  }

  private boolean passes() {
    refused = !fence.passes(call);
    if (refused) {
      // To the handler this looks like a caller that has left, so it ends its work.
      super.onCancel();
    }
    return !refused;
  }
}
