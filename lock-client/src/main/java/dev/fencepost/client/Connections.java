package dev.fencepost.client;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** How gRPC connects. Where it differs from gRPC's own defaults, the reason stands beside it. */
final class Connections {
  private static final int IDLE_SECONDS = 10;

  private Connections() {}

  /**
   * One daemon thread for what comes from all servers, where nothing blocks; it ends when there is
   * nothing to do for a while.
   */
  static Executor newThread() {
    ThreadPoolExecutor thread =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread made = new Thread(task, "fencepost-client-transport");
              made.setDaemon(true);
              return made;
            });
    thread.allowCoreThreadTimeOut(true);
    return thread;
  }

  /** A connection to one server, made when the first call is. */
  static ManagedChannel open(HostPort address, Executor transport) {
    return OkHttpChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        // Not on the transport's own threads: grpc-okhttp calls back with its connection's lock
        // held, and what a client does then writes to other connections.
        .executor(transport)
        // What failed is repeated by its claim id, on a session that is known to live.
        .disableRetry()
        .build();
  }
}
