package dev.fencepost.acceptance.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.world.Caller;
import dev.fencepost.acceptance.world.Claim;
import dev.fencepost.acceptance.world.Server;
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
    try (Server server = Server.on("h2:" + folder.resolve("store"));
        Caller caller = new Caller(server.port(), recorder)) {
      handOver(caller, caller, caller);
    }
  }

  @Test
  void postgresqlThroughOneReplica_handsOverInOrder() {
    try (Server server = Server.on(DATABASE.jdbcUri());
        Caller caller = new Caller(server.port(), recorder)) {
      handOver(caller, caller, caller);
    }
  }

  @Test
  void postgresqlThroughThreeReplicas_handsOverInOrder() {
    try (Server a = Server.on(DATABASE.jdbcUri());
        Server b = Server.on(DATABASE.jdbcUri());
        Server c = Server.on(DATABASE.jdbcUri());
        Caller viaA = new Caller(a.port(), recorder);
        Caller viaB = new Caller(b.port(), recorder);
        Caller viaC = new Caller(c.port(), recorder)) {
      handOver(viaA, viaB, viaC);
    }
  }

  private static void handOver(Caller holders, Caller thirds, Caller fourths) {
    Claim first = Claim.on(LOCK, LEASE);
    long firstToken = holders.take(first);

    NotGranted refusal =
        thirds.acquire(Claim.on(LOCK, LEASE), Duration.ZERO).join().getNotGranted();
    assertThat(refusal.getReason()).isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    assertThat(refusal.getHolders(0).getFencingToken()).isEqualTo(firstToken);
    assertThat(refusal.getHolders(0).getOwner()).isEqualTo("acceptance");
    assertThat(refusal.getHolders(0).getRemainingAtMost().getSeconds())
        .isBetween(1L, LEASE.toSeconds());

    Claim third = Claim.on(LOCK, LEASE);
    CompletableFuture<AcquireResponse> thirdAnswer = queue(thirds, third, holders);
    Claim fourth = Claim.on(LOCK, LEASE);
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
      Caller caller, Claim claim, Caller onlooker) {
    int before = inLine(onlooker);
    CompletableFuture<AcquireResponse> answer = caller.acquire(claim, WAIT);
    await().atMost(PATIENCE).until(() -> inLine(onlooker) == before + 1);
    return answer;
  }

  private static int inLine(Caller onlooker) {
    Lock lock = onlooker.look(LOCK);
    return lock.getWaiterCount() + lock.getOtherReplicasWaiting();
  }
}
