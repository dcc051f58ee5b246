package dev.fencepost.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * Tells calls of their end on the timer's thread, while everything else comes on the transport's.
 * When a connection breaks, grpc-okhttp tells its calls while it walks through them; whoever
 * cancels another one there breaks that walk, and the calls that were yet to come hear of nothing.
 */
final class EndsApart implements ClientInterceptor {
  private final Timers timers;

  EndsApart(Timers timers) {
    this.timers = timers;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(new Ending<>(listener), headers);
      }
    };
  }

  private final class Ending<A> extends SimpleForwardingClientCallListener<A> {
    Ending(ClientCall.Listener<A> listener) {
      super(listener);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      timers.schedule(0, () -> super.onClose(status, trailers));
    }
  }
}
