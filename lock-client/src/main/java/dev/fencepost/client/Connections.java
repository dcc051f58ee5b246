package dev.fencepost.client;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;

/** How gRPC connects. Where it differs from gRPC's own defaults, the reason stands beside it. */
final class Connections {
  private Connections() {}

  /** A connection to one server, made when the first call is. */
  static ManagedChannel open(HostPort address, Timers timers) {
    return OkHttpChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        // Results are handed over on the transport's thread, and nothing there blocks.
        .directExecutor()
        .intercept(new EndsApart(timers))
        // What failed is repeated by its claim id, on a session that is known to live.
        .disableRetry()
        .build();
  }
}
