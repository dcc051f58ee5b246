package dev.fencepost.client.internal.transport;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;

/** How gRPC connects. Where it differs from gRPC's own defaults, the reason stands beside it. */
public final class ChannelFactory {
  private ChannelFactory() {}

  /** A connection to one server, made when the first call is. */
  public static ManagedChannel open(ReplicaAddress address) {
    return OkHttpChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        // Results are heard on the transport's own thread; Hearing says what must not be done
        // there.
        .directExecutor()
        // What failed is repeated by its claim id, on a session that is known to live.
        .disableRetry()
        .build();
  }
}
