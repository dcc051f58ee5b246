package dev.fencepost.backend.etcd.rpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.MethodDescriptor;

/**
 * Detaches calls to etcd from the incoming call that caused them. gRPC would cancel them as soon as
 * that call is answered or given up, although other calls wait for the same transaction.
 */
final class DetachedContext implements ClientInterceptor {
  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    Context former = Context.ROOT.attach();
    try {
      return next.newCall(method, options);
    } finally {
      Context.ROOT.detach(former);
    }
  }
}
