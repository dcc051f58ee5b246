package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.ZookeeperEnsemble;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.replica.LockContenders;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Faults of an ensemble's servers while locks are held and waited for. */
final class EnsembleFaultsTest {
  private static final ZookeeperEnsemble ENSEMBLE = new ZookeeperEnsemble(3);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private TestReplica a;
  private TestReplica b;

  @BeforeAll
  static void start() {
    ENSEMBLE.heal();
  }

  @AfterAll
  static void stop() {
    ENSEMBLE.close();
  }

  @BeforeEach
  void open() {
    a = new TestReplica(uri());
    b = new TestReplica(uri());
  }

  @AfterEach
  void close() {
    ENSEMBLE.heal();
    a.close();
    b.close();
  }

  @Test
  void leaderKilledUnderLoad_neitherDoublesNorLosesAGrant() {
    underLoad("leader/", () -> ENSEMBLE.leader().kill());
  }

  @Test
  void followerKilledUnderLoad_neitherDoublesNorLosesAGrant() {
    underLoad("follower/", () -> ENSEMBLE.follower().kill());
  }

  @Test
  void quorumLostAndBack_nothingIsConfirmedMeanwhileAndNothingIsLost() {
    Grant held = a.acquire("quorum");
    Claim waiting = claim("quorum");
    answer(b.backend().tryAcquire(waiting, QueueIntent.JOIN));
    ENSEMBLE.leader().kill();
    ENSEMBLE.servers().stream()
        .filter(server -> server.role().isPresent())
        .findAny()
        .orElseThrow()
        .kill();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(failure(a.backend().renew(held.ref())))
                    .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT));
    assertThat(failure(b.backend().tryAcquire(claim("quorum/2"), QueueIntent.NONE)))
        .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
    assertThat(failure(b.backend().describe(List.of(waiting.lock()))))
        .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
    ENSEMBLE.heal();
    eventually(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
    eventually(() -> standsInLine(b, waiting));
    eventually(() -> answer(a.backend().release(ReleaseCommand.of(held.ref()))) != null);
    Grant next = eventuallyGranted(b, waiting);
    assertThat(next.token()).isGreaterThan(held.token());
  }

  @Test
  void grantWhoseAnswerWasLost_isFoundByItsRepeatOnAnotherReplica() {
    Claim claim = claim("lost");
    ENSEMBLE.servers().forEach(ZookeeperServer::pause);
    var asked = a.backend().tryAcquire(claim, QueueIntent.NONE);
    assertThat(failure(asked)).isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
    ENSEMBLE.servers().forEach(ZookeeperServer::resume);
    Grant one = eventuallyGranted(b, claim);
    Grant same = eventuallyGranted(a, claim);
    assertThat(same.ref()).isEqualTo(one.ref());
  }

  private void underLoad(String prefix, Runnable fault) {
    LockContenders contenders = new LockContenders(prefix, List.of(a, b));
    Grant held = a.acquire(prefix + "held");
    Claim waiting = claim(prefix + "held");
    answer(b.backend().tryAcquire(waiting, QueueIntent.JOIN));
    contenders.start();
    for (int round = 0; round < 2; round++) {
      contenders.awaitGrants(100);
      fault.run();
      contenders.awaitGrants(100);
      ENSEMBLE.heal();
    }
    contenders.awaitGrants(100);
    contenders.finish();
    assertThat(contenders.faults()).isEmpty();
    eventually(() -> answer(b.backend().renew(held.ref())) instanceof Renewal.Renewed);
    eventually(() -> standsInLine(b, waiting));
  }

  private static boolean standsInLine(TestReplica replica, Claim waiting) {
    LockState state = answer(replica.backend().describe(List.of(waiting.lock()))).get(0);
    if (state.replicaQueue().contains(replica.id())) {
      return true;
    }
    // As the server does when its poll finds that its queue node is gone.
    answer(replica.backend().tryAcquire(waiting, QueueIntent.JOIN));
    return false;
  }

  private static Grant eventuallyGranted(TestReplica replica, Claim claim) {
    eventually(
        () ->
            answer(replica.backend().tryAcquire(claim, QueueIntent.JOIN))
                .fold(granted -> true, busy -> false, foreign -> false));
    return granted(answer(replica.backend().tryAcquire(claim, QueueIntent.JOIN)));
  }

  private static void eventually(Callable<Boolean> condition) {
    await().ignoreExceptionsInstanceOf(StoreException.class).atMost(PATIENCE).until(condition);
  }

  private static String uri() {
    return "zookeeper://" + ENSEMBLE.addresses() + "/faults";
  }
}
