package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Calls to etcd do not end with the incoming call that caused them. */
final class DetachedContextTest {
  @Test
  void callMadeWithinAnother_belongsToNone() {
    AtomicReference<Context> seen = new AtomicReference<>();
    ClientInterceptor spy =
        new ClientInterceptor() {
          @Override
          public <Q, A> ClientCall<Q, A> interceptCall(
              MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            seen.set(Context.current());
            return next.newCall(method, options);
          }
        };
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress("127.0.0.1", 1).usePlaintext().build();
    CancellableContext incoming = Context.current().withCancellation();
    try {
      Channel guarded = ClientInterceptors.interceptForward(channel, EtcdMember.DETACHED, spy);
      incoming.run(
          () -> guarded.newCall(io.etcd.jetcd.api.KVGrpc.getTxnMethod(), CallOptions.DEFAULT));
      assertThat(seen.get()).isSameAs(Context.ROOT);
    } finally {
      incoming.close();
      channel.shutdownNow();
    }
  }
}
