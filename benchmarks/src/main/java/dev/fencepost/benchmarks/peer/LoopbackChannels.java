package dev.fencepost.benchmarks.peer;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Opens channels to servers on this machine. The transport's threads handle the answers. */
final class LoopbackChannels {
  private static final int CLOSE_SECONDS = 5;

  private LoopbackChannels() {}

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
