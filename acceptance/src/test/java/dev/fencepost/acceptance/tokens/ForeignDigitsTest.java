package dev.fencepost.acceptance.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AdvanceOutcome;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.FencingServiceGrpc.FencingServiceBlockingStub;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two replicas of one store, one of them on a machine whose locale prints numbers in digits of its
 * own: each reads and follows what the other wrote.
 */
class ForeignDigitsTest {

  private static final Locale EGYPT = new Locale("ar", "EG");
  private static final Duration LEASE = Duration.ofMinutes(2);
  private static final Duration WAIT = Duration.ofSeconds(20);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @TempDir Path folder;

  @Test
  void locale_printsDigitsOfItsOwn() {
    assertThat(String.format(EGYPT, "%d", 7)).isEqualTo("\u0667");
  }

  @Test
  void h2() throws Exception {
    String store = "h2:" + folder.resolve("store");
    ClaimAttempt claim = ClaimAttempt.on("orders/1", LEASE);
    long token;
    try (ReplicaServer egyptian = ReplicaServer.inLocale(EGYPT, store);
        RecordedClient caller = new RecordedClient(egyptian.port(), CallRecorder.inMemory())) {
      token = granted(caller, claim);
      requireAsciiIn(egyptian);
    }
    try (ReplicaServer other = ReplicaServer.on(store);
        RecordedClient caller = new RecordedClient(other.port(), CallRecorder.inMemory())) {
      agree(caller, caller, claim, token);
    }
  }

  @Test
  void postgresql() throws Exception {
    bothWays(DATABASE.jdbcUri());
  }

  @Test
  void mariadb() throws Exception {
    bothWays(MARIADB.jdbcUri());
  }

  @Test
  void redis() throws Exception {
    try (RedisServer server = new RedisServer("appendfsync no")) {
      server.start();
      bothWays(server.uri());
    }
  }

  @Test
  void etcd() throws Exception {
    try (EtcdServer server = new EtcdServer()) {
      server.start();
      bothWays(server.uri("digits"));
    }
  }

  @Test
  void zookeeper() throws Exception {
    try (ZookeeperServer server = new ZookeeperServer()) {
      server.start();
      bothWays("zookeeper://127.0.0.1:" + server.port() + "/digits");
    }
  }

  private static void bothWays(String store) throws IOException {
    try (ReplicaServer egyptian = ReplicaServer.inLocale(EGYPT, store);
        ReplicaServer other = ReplicaServer.on(store);
        RecordedClient there = new RecordedClient(egyptian.port(), CallRecorder.inMemory());
        RecordedClient here = new RecordedClient(other.port(), CallRecorder.inMemory())) {
      ClaimAttempt claim = ClaimAttempt.on("orders/1", LEASE);
      agree(there, here, claim, granted(there, claim));
      claim = ClaimAttempt.on("orders/2", LEASE);
      agree(here, there, claim, granted(here, claim));
      requireAsciiIn(egyptian);
    }
  }

  private static long granted(RecordedClient caller, ClaimAttempt claim) {
    return caller.acquire(claim, WAIT).join().getGranted().getFencingToken();
  }

  /** What was granted and marked through the one is renewed, seen and superseded by the other. */
  private static void agree(
      RecordedClient first, RecordedClient second, ClaimAttempt claim, long token) {
    assertThat(token).isPositive();
    String resource = "ledger of " + claim.lock();
    assertThat(advance(first, resource, token)).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED);
    assertThat(advance(second, resource, token))
        .isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED);
    assertThat(second.renew(claim, token).join().hasRenewed()).isTrue();
    assertThat(second.look(claim.lock()).getHolders(0).getFencingToken()).isEqualTo(token);
    assertThat(
            second
                .locks()
                .listLocks(ListLocksRequest.newBuilder().setPrefix(claim.lock()).build())
                .getLocksList())
        .singleElement()
        .satisfies(lock -> assertThat(lock.getHolders(0).getFencingToken()).isEqualTo(token));
    assertThat(
            second
                .acquire(ClaimAttempt.on(claim.lock(), LEASE), Duration.ZERO)
                .join()
                .hasNotGranted())
        .isTrue();
    second.release(claim, token).join();
    ClaimAttempt newer = ClaimAttempt.on(claim.lock(), LEASE);
    long later = granted(second, newer);
    assertThat(later).isGreaterThan(token);
    assertThat(standing(first, claim.lock(), later)).isEqualTo(TokenStatus.TOKEN_STATUS_CURRENT);
    assertThat(standing(first, claim.lock(), token)).isEqualTo(TokenStatus.TOKEN_STATUS_STALE);
    assertThat(advance(second, resource, later)).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED);
    assertThat(advance(first, resource, token)).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_STALE);
    assertThat(first.release(newer, later).join().getOutcomeValue()).isPositive();
  }

  private static AdvanceOutcome advance(RecordedClient caller, String resource, long token) {
    return fences(caller)
        .advanceToken(
            AdvanceTokenRequest.newBuilder().setResource(resource).setFencingToken(token).build())
        .getOutcome();
  }

  private static TokenStatus standing(RecordedClient caller, String lock, long token) {
    return fences(caller)
        .validateToken(
            ValidateTokenRequest.newBuilder().setName(lock).setFencingToken(token).build())
        .getStatus();
  }

  private static FencingServiceBlockingStub fences(RecordedClient caller) {
    return FencingServiceGrpc.newBlockingStub(caller.channel())
        .withDeadlineAfter(WAIT.toSeconds(), TimeUnit.SECONDS);
  }

  /** Programs read the metrics, and the times of the log. */
  private static void requireAsciiIn(ReplicaServer server) throws IOException {
    assertThat(server.readLog())
        .containsPattern("(?m)^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+\\S+ INFO  ReadinessCheck ready");
    assertThat(server.read("/metrics"))
        .contains("fencepost_")
        .doesNotContainPattern("[\u0660-\u0669]");
  }
}
