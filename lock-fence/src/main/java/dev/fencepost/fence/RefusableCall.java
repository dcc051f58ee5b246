package dev.fencepost.fence;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call that the fence may close while the handler still answers on another thread. Messages that
 * the handler sends afterwards are dropped.
 */
final class RefusableCall<Q, A> extends SimpleForwardingServerCall<Q, A> {

  private final Object lock = new Object();
  private boolean closed;

  RefusableCall(ServerCall<Q, A> call) {
    super(call);
  }

  @Override
  public void request(int numMessages) {
    synchronized (lock) {
      if (!closed) {
        super.request(numMessages);
      }
    }
  }

  @Override
  public void sendHeaders(Metadata headers) {
    synchronized (lock) {
      if (!closed) {
        super.sendHeaders(headers);
      }
    }
  }

  @Override
  public void sendMessage(A message) {
    synchronized (lock) {
      if (!closed) {
        super.sendMessage(message);
      }
    }
  }

  @Override
  public void close(Status status, Metadata trailers) {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        super.close(status, trailers);
      }
    }
  }
}
