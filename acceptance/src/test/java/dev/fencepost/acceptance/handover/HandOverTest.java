package dev.fencepost.acceptance.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.HistoryChecker;
import dev.fencepost.testkit.history.SequentialChecker;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** One holds, a second is refused, a third and a fourth wait. */
class HandOverTest {

  private static final String LOCK = "orders/42";
  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @TempDir Path folder;

  private final CallRecorder recorder = CallRecorder.inMemory();

  @AfterEach
  void judge() {
    HistoryChecker.check(recorder.history(), 6).assertSound();
    SequentialChecker.check(recorder.history(), 6).assertSound();
  }

  @Test
  void h2_handsOverInOrder() {
    try (ReplicaServer server = ReplicaServer.on("h2:" + folder.resolve("store"));
        RecordedClient caller = new RecordedClient(server.port(), recorder)) {
      handOver(caller, caller, caller);
    }
  }

  @Test
  void postgresqlThroughOneReplica_handsOverInOrder() {
    try (ReplicaServer server = ReplicaServer.on(DATABASE.jdbcUri());
        RecordedClient caller = new RecordedClient(server.port(), recorder)) {
      handOver(caller, caller, caller);
    }
  }

  @Test
  void postgresqlThroughThreeReplicas_handsOverInOrder() {
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer c = ReplicaServer.on(DATABASE.jdbcUri());
        RecordedClient viaA = new RecordedClient(a.port(), recorder);
        RecordedClient viaB = new RecordedClient(b.port(), recorder);
        RecordedClient viaC = new RecordedClient(c.port(), recorder)) {
      handOver(viaA, viaB, viaC);
    }
  }

  private static void handOver(
      RecordedClient holders, RecordedClient thirds, RecordedClient fourths) {
    ClaimAttempt first = ClaimAttempt.on(LOCK, LEASE);
    long firstToken = holders.take(first);

    NotGranted refusal =
        thirds.acquire(ClaimAttempt.on(LOCK, LEASE), Duration.ZERO).join().getNotGranted();
    assertThat(refusal.getReason()).isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    assertThat(refusal.getHolders(0).getFencingToken()).isEqualTo(firstToken);
    assertThat(refusal.getHolders(0).getOwner()).isEqualTo("acceptance");
    assertThat(refusal.getHolders(0).getRemainingAtMost().getSeconds())
        .isBetween(1L, LEASE.toSeconds());

    ClaimAttempt third = ClaimAttempt.on(LOCK, LEASE);
    CompletableFuture<AcquireResponse> thirdAnswer = queue(thirds, third, holders);
    ClaimAttempt fourth = ClaimAttempt.on(LOCK, LEASE);
    CompletableFuture<AcquireResponse> fourthAnswer = queue(fourths, fourth, holders);

    holders.release(first, firstToken).join();
    assertThat(thirdAnswer).succeedsWithin(PATIENCE);
    long thirdToken = thirdAnswer.join().getGranted().getFencingToken();
    assertThat(thirdToken).isGreaterThan(firstToken);
    assertThat(fourthAnswer).as("the fourth waits on").isNotDone();

    // Any replica releases any grant.
    holders.release(third, thirdToken).join();
    assertThat(fourthAnswer).succeedsWithin(PATIENCE);
    long fourthToken = fourthAnswer.join().getGranted().getFencingToken();
    assertThat(fourthToken).isGreaterThan(thirdToken);
    holders.release(fourth, fourthToken).join();
  }

  /** Stands in line when this returns: here, or in the store for another replica. */
  private static CompletableFuture<AcquireResponse> queue(
      RecordedClient caller, ClaimAttempt claim, RecordedClient onlooker) {
    int before = inLine(onlooker);
    CompletableFuture<AcquireResponse> answer = caller.acquire(claim, WAIT);
    await().atMost(PATIENCE).until(() -> inLine(onlooker) == before + 1);
    return answer;
  }

  private static int inLine(RecordedClient onlooker) {
    Lock lock = onlooker.look(LOCK);
    return lock.getWaiterCount() + lock.getOtherReplicasWaiting();
  }
}
