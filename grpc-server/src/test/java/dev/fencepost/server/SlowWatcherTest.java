package dev.fencepost.server;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.support.TestConfigs;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A watcher over real sockets that does not read while its locks change thousands of times. */
class SlowWatcherTest {
  private static final int LOCKS = 100;
  private static final int ROUNDS = 20;
  private static final long MIB = 1024 * 1024;

  @Test
  void watcherThatDoesNotRead_costsAMebibyteAndThenGetsTheNewest() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      ManagedChannel narrow =
          NettyChannelBuilder.forAddress("127.0.0.1", server.server.port())
              .usePlaintext()
              .flowControlWindow(65_535)
              .build();
      Watcher watcher = new Watcher(narrow);

      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < LOCKS; i++) {
          takeAndRelease(server, "lock-" + i);
        }
      }
      Map<String, Long> newest = new ConcurrentHashMap<>();
      for (int i = 0; i < LOCKS; i++) {
        newest.put("lock-" + i, take(server, "lock-" + i).getFencingToken());
      }

      watcher.call.request(1_000_000);

      await().untilAsserted(() -> assertThat(watcher.tokens).isEqualTo(newest));
      assertThat(watcher.bytes.get())
          .as("bytes queued for the watcher, out of about 18 MiB of changes")
          .isLessThan(2 * MIB);
      narrow.shutdownNow();
    }
  }

  private static void takeAndRelease(NettyServer server, String name) {
    AcquireRequest request = request(name);
    Grant grant = server.locks().acquire(request).getGranted();
    assertThat(
            server
                .locks()
                .release(
                    ReleaseRequest.newBuilder()
                        .setName(name)
                        .setClaimId(request.getClaimId())
                        .setFencingToken(grant.getFencingToken())
                        .build())
                .getOutcomeValue())
        .isEqualTo(1);
  }

  private static Grant take(NettyServer server, String name) {
    return server.locks().acquire(request(name)).getGranted();
  }

  private static AcquireRequest request(String name) {
    return claim(name).putMetadata("k", "v".repeat(4_000)).build();
  }

  private static final class Watcher extends ClientCall.Listener<WatchLocksResponse> {
    private final ClientCall<WatchLocksRequest, WatchLocksResponse> call;
    private final Map<String, Long> tokens = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();

    Watcher(ManagedChannel channel) {
      call = channel.newCall(LockServiceGrpc.getWatchLocksMethod(), CallOptions.DEFAULT);
      call.start(this, new Metadata());
      WatchLocksRequest.Builder request = WatchLocksRequest.newBuilder();
      for (int i = 0; i < LOCKS; i++) {
        request.addNames("lock-" + i);
      }
      call.sendMessage(request.build());
      call.halfClose();
    }

    @Override
    public void onMessage(WatchLocksResponse message) {
      bytes.addAndGet(message.getSerializedSize());
      message
          .getChangesList()
          .forEach(
              change -> tokens.put(change.getLock().getName(), change.getLock().getLastToken()));
    }
  }
}
