package dev.fencepost.client.internal.transport;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;

/**
 * Creates gRPC channels. Each setting that differs from the defaults of gRPC has its reason beside
 * it.
 */
public final class ChannelFactory {
  private ChannelFactory() {}

  /** Creates a channel to one server. It connects at the first call. */
  public static ManagedChannel open(ReplicaAddress address) {
    return OkHttpChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        // Results arrive on the transport's own thread. SessionCallListener says which work is not
        // allowed there.
        .directExecutor()
        // The SDK repeats failed operations itself: by claim id, on a session that is known to be
        // alive.
        .disableRetry()
        .build();
  }
}
