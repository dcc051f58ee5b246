package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import dev.fencepost.cli.Main;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/** A server as a process of its own, with direct calls that do not use the examples. */
final class ServerProcess implements AutoCloseable {

  private static final java.time.Duration PATIENCE = java.time.Duration.ofMinutes(1);

  private final int port = FreePort.next();
  private final ChildJvm process;
  private final ManagedChannel channel;

  ServerProcess(Path data) {
    this(data, Optional.empty());
  }

  /** Starts a server; {@code tls} is for direct calls, and {@code settings} for the server. */
  ServerProcess(Path data, Optional<SSLContext> tls, String... settings) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "server",
                "--store=h2:" + data,
                "--listen=127.0.0.1:" + port,
                "--http-listen=127.0.0.1:" + FreePort.next()));
    words.addAll(List.of(settings));
    process =
        ChildJvm.start(
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            Main.class,
            words.toArray(new String[0]));
    OkHttpChannelBuilder direct = OkHttpChannelBuilder.forAddress("127.0.0.1", port);
    tls.ifPresentOrElse(
        context -> direct.sslSocketFactory(context.getSocketFactory()), direct::usePlaintext);
    channel = direct.build();
    await("the server")
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> stub().getServerInfo(GetServerInfoRequest.getDefaultInstance()) != null);
  }

  int port() {
    return port;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  /** Acquires a lock, waiting in the queue. */
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

  /** Ends the grant of a lock, as an administrator does. */
  void forceRelease(String name, String reason) {
    ForceReleaseRequest request =
        ForceReleaseRequest.newBuilder().setName(name).setReason(reason).build();
    ForceReleaseOutcome outcome =
        AdminServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(1, TimeUnit.MINUTES)
            .forceRelease(request)
            .getOutcome();
    assertThat(outcome).isEqualTo(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED);
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
