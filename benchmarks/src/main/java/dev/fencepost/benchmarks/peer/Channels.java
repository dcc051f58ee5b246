package dev.fencepost.benchmarks.peer;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Channels to servers on this machine; answers are handled on the transport's threads. */
final class Channels {
  private static final int CLOSE_SECONDS = 5;

  private Channels() {}

  static ManagedChannel open(String target) {
    return NettyChannelBuilder.forTarget(target).usePlaintext().directExecutor().build();
  }

  static void close(List<ManagedChannel> channels) {
    try {
      for (ManagedChannel channel : channels) {
        channel.shutdownNow().awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
