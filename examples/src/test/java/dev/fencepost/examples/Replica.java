package dev.fencepost.examples;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import dev.fencepost.cli.Main;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.LockServiceGrpc.LockServiceBlockingStub;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.FreePort;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A server as a process of its own, and a view of it that does not go through the helpers. */
final class Replica implements AutoCloseable {

  private static final java.time.Duration PATIENCE = java.time.Duration.ofMinutes(1);

  private final int port = FreePort.next();
  private final ChildJvm process;
  private final ManagedChannel channel;

  Replica(Path data) {
    process =
        ChildJvm.start(
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            Main.class,
            "server",
            "--store=h2:" + data,
            "--listen=127.0.0.1:" + port,
            "--http-listen=127.0.0.1:" + FreePort.next());
    channel = OkHttpChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    await("the server")
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> stub().getServerInfo(GetServerInfoRequest.getDefaultInstance()) != null);
  }

  int port() {
    return port;
  }

  /** Takes the lock, waiting in line. */
  AcquireResponse acquire(String name, int waitSeconds) {
    return stub()
        .acquire(
            AcquireRequest.newBuilder()
                .setName(name)
                .setClaimId(UUID.randomUUID().toString().replace("-", ""))
                .setTtl(Duration.newBuilder().setSeconds(30))
                .setWait(Duration.newBuilder().setSeconds(waitSeconds))
                .setOwner("the test")
                .build());
  }

  Lock lock(String name) {
    return stub().getLock(GetLockRequest.newBuilder().setName(name).build()).getLock();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    process.close();
  }

  private LockServiceBlockingStub stub() {
    return LockServiceGrpc.newBlockingStub(channel).withDeadlineAfter(1, TimeUnit.MINUTES);
  }
}
