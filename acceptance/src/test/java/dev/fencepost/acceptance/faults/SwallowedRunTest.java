package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.cli.Main;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code fencepost run} while one replica of two loses everything without a word. */
class SwallowedRunTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final List<String> JVM =
      List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
  private static final int REPLICAS = 2;
  private static final int ITS_OWN_CODE = 7;

  /** Not shorter: a command ends in time, rightly, if the machine cannot renew in time. */
  private static final List<Duration> LEASES =
      List.of(Duration.ofSeconds(5), Duration.ofSeconds(6), Duration.ofSeconds(8));

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  private final List<TcpProxy> proxies = new ArrayList<>();
  private final List<ReplicaServer> servers = new ArrayList<>();

  @BeforeEach
  void start() {
    for (int i = 0; i < REPLICAS; i++) {
      int port = FreePort.next();
      TcpProxy proxy = new TcpProxy(port);
      proxies.add(proxy);
      servers.add(
          ReplicaServer.onPort(port, DATABASE.jdbcUri(), "--advertise=127.0.0.1:" + proxy.port()));
    }
  }

  @AfterEach
  void stop() {
    servers.forEach(ReplicaServer::close);
    proxies.forEach(TcpProxy::close);
  }

  @Test
  void firstReplicaSwallowed_endsNoCommandWhileTheOtherIsWell() throws Exception {
    swallow(0);
  }

  @Test
  void secondReplicaSwallowed_endsNoCommandWhileTheOtherIsWell() throws Exception {
    swallow(1);
  }

  private void swallow(int replica) throws Exception {
    List<ChildJvm> runs = new ArrayList<>();
    try (RecordedClient other =
        new RecordedClient(servers.get(1 - replica).port(), CallRecorder.inMemory())) {
      for (Duration ttl : LEASES) {
        runs.add(run("run-" + replica + "-" + ttl, ttl));
      }
      runs.forEach(run -> run.awaitLine(line -> line.equals("begun"), PATIENCE));
      proxies.get(replica).swallow(Direction.REQUESTS);
      proxies.get(replica).swallow(Direction.ANSWERS);
      List<CompletableFuture<AcquireResponse>> attempts = new ArrayList<>();
      for (Duration ttl : LEASES) {
        ClaimAttempt claim = ClaimAttempt.on("run-" + replica + "-" + ttl, ttl);
        attempts.add(other.acquire(claim, ttl.plus(ttl.dividedBy(2))));
      }
      for (CompletableFuture<AcquireResponse> attempt : attempts) {
        assertThat(attempt.join().hasNotGranted()).as(attempt.join().toString()).isTrue();
      }
      runs.forEach(run -> run.send("end"));
      assertThat(runs).allSatisfy(run -> assertThat(run.awaitExit()).isEqualTo(ITS_OWN_CODE));
    } finally {
      runs.forEach(ChildJvm::close);
    }
  }

  private ChildJvm run(String lock, Duration ttl) {
    String target =
        proxies.stream().map(proxy -> "127.0.0.1:" + proxy.port()).collect(Collectors.joining(","));
    String lease = ttl.toSeconds() + "s";
    String command = "echo begun; read -r line; exit " + ITS_OWN_CODE;
    return ChildJvm.start(
        JVM,
        Main.class,
        new String[] {"--server", target, "run", lock, "--ttl", lease, "--", "sh", "-c", command});
  }
}
