package dev.fencepost.server.process;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.FreePort;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs a server as a separate process on the default store. */
class ServerProcessTest {
  private static final Duration START = Duration.ofSeconds(60);
  @TempDir private Path folder;

  @Test
  void sigterm_drainsAndExitsWithZero() {
    try (ChildJvm server = start()) {
      int port = port(server);
      assertThat(server.awaitLine(line -> line.contains("store"), START)).contains("h2:" + folder);
      assertThat(server.awaitLine(line -> line.contains("try"), START))
          .contains("fencepost --server 127.0.0.1:" + port + " acquire my-lock");
      ManagedChannel channel = channel(port);
      LockServiceGrpc.LockServiceBlockingStub locks = LockServiceGrpc.newBlockingStub(channel);
      assertThat(locks.acquire(claim("a").build()).hasGranted()).isTrue();
      AcquireFuture waiting = queue(channel);
      await().until(() -> waiters(locks) == 1);

      assertThat(server.terminate()).isZero();

      assertThat(waiting)
          .failsWithin(5, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("DRAINING");
      channel.shutdownNow();
    }
  }

  @Test
  void sigterm_endsAServerWhoseStoreNeverAnswered() {
    String nobody = "jdbc:postgresql://127.0.0.1:" + FreePort.next() + "/locks?user=a";
    try (ChildJvm server =
        ChildJvm.start(
            List.of("-Xmx256m"),
            ServerProcessMain.class,
            "store=" + nobody,
            "listen=127.0.0.1:0",
            "http-listen=127.0.0.1:0")) {
      server.awaitLine(line -> line.contains("gRPC"), START);

      assertThat(server.terminate()).isZero();
    }
  }

  @Test
  void killedServer_losesNoAnsweredGrant() {
    AcquireRequest request = claim("a").build();
    long token;
    try (ChildJvm server = start()) {
      ManagedChannel channel = channel(port(server));
      token = acquire(channel, request).getGranted().getFencingToken();
      server.kill();
      channel.shutdownNow();
    }
    try (ChildJvm server = start()) {
      ManagedChannel channel = channel(port(server));
      AcquireResponse again = acquire(channel, request);
      assertThat(again.getGranted().getFencingToken()).isEqualTo(token);
      assertThat(again.getGranted().getAlreadyHeld()).isTrue();
      channel.shutdownNow();
    }
  }

  @Test
  void secondServerOnTheSameFolder_exitsWith78AndTheFirstGoesOn() {
    try (ChildJvm first = start()) {
      int port = port(first);

      try (ChildJvm second = start()) {
        List<String> said = second.remainingLines(START);
        assertThat(said).last().isEqualTo("exit 78");
        assertThat(said)
            .filteredOn(line -> line.startsWith("fencepost: "))
            .singleElement()
            .asString()
            .contains(folder.toString(), "another server has it open");
      }

      ManagedChannel channel = channel(port);
      assertThat(acquire(channel, claim("a").build()).hasGranted()).isTrue();
      channel.shutdownNow();
    }
  }

  private ChildJvm start() {
    return ChildJvm.start(
        List.of("-Xmx256m"),
        ServerProcessMain.class,
        "store=h2:" + folder,
        "store-call-timeout=30s",
        "listen=127.0.0.1:0",
        "http-listen=127.0.0.1:0");
  }

  private static int port(ChildJvm server) {
    String line = server.awaitLine(each -> each.contains("gRPC"), START);
    return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1).trim());
  }

  private static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  private static AcquireResponse acquire(ManagedChannel channel, AcquireRequest request) {
    return LockServiceGrpc.newBlockingStub(channel).acquire(request);
  }

  private static AcquireFuture queue(ManagedChannel channel) {
    return AcquireFuture.start(channel, claim("a").setWait(seconds(600)).build());
  }

  private static int waiters(LockServiceGrpc.LockServiceBlockingStub locks) {
    return locks
        .getLock(GetLockRequest.newBuilder().setName("a").build())
        .getLock()
        .getWaiterCount();
  }
}
