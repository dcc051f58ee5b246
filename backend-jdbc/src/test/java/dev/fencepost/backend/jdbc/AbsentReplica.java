package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Replicas that are paused or cut off while their leases end and their turns come. */
abstract class AbsentReplica {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private TcpProxy proxy;

  /** The port of the database. */
  abstract int port();

  /** The URI of a store on the database, through that port. */
  abstract String uri(int port);

  @BeforeEach
  final void startProxy() {
    proxy = new TcpProxy(port());
  }

  @AfterEach
  final void endProxy() {
    proxy.close();
  }

  @Test
  void replicaPausedPastItsLeaseAndTurn_confirmsNothingFromMemoryAndHarmsNobody() {
    String uri = uri(port());
    try (TestReplica b = new TestReplica(uri)) {
      Grant awaited = b.acquire("awaited");
      try (ChildJvm child =
          ChildJvm.start(
              List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
              ReplicaProgram.class,
              uri,
              "short",
              "long",
              "awaited")) {
        String ready = child.awaitLine(line -> line.startsWith("ready "), PATIENCE);
        ReplicaId paused = new ReplicaId(ready.substring("ready ".length()));
        assertThat(b.describe(new LockName("awaited")).replicaQueue()).containsExactly(paused);
        child.pause();
        Claim next = claim("short");
        awaitGranted(b, next);
        b.release(awaited);
        Claim newcomer = claim("awaited");
        assertBusy(b.attempt(newcomer, QueueIntent.NONE));
        awaitGranted(b, newcomer);
        child.resume();
        child.send("renew");
        assertThat(child.awaitLine(AbsentReplica::isAnswer, PATIENCE))
            .isEqualTo("SUPERSEDED renewed");
        assertStands(b, b.acquire(next));
        assertStands(b, b.acquire(newcomer));
      }
    }
  }

  @Test
  void waiterOfACutOffReplica_isNotGrantedALockThatAnotherHolds() {
    try (TestReplica away = new TestReplica(uri(proxy.port()));
        TestReplica b = new TestReplica(uri(port()))) {
      Grant held = b.acquire("cut/off");
      Claim waiting = claim("cut/off");
      assertBusy(away.attempt(waiting, QueueIntent.JOIN));
      proxy.refuse();
      b.release(held);
      // Its turn comes and ends.
      Claim newcomer = claim("cut/off");
      assertBusy(b.attempt(newcomer, QueueIntent.NONE));
      awaitGranted(b, newcomer);
      proxy.resume();
      assertBusy(away.attempt(waiting, QueueIntent.JOIN));
      assertStands(b, b.acquire(newcomer));
    }
  }

  @Test
  void attemptDelayedPastItsTurn_isNotGranted() {
    try (TestReplica cutOff = TestReplica.patient(uri(proxy.port()));
        TestReplica b = new TestReplica(uri(port()))) {
      Grant held = b.acquire("held/up");
      Claim waiting = claim("held/up");
      assertBusy(cutOff.attempt(waiting, QueueIntent.JOIN));
      proxy.hold(Direction.REQUESTS);
      b.release(held);
      CompletionStage<Attempt> late = cutOff.backend().tryAcquire(waiting, QueueIntent.JOIN);
      Claim newcomer = claim("held/up");
      awaitGranted(b, newcomer);
      proxy.resume();
      assertBusy(answer(late));
      assertStands(b, b.acquire(newcomer));
    }
  }

  @Test
  void lostAttempt_isUnknownAndNotRetriedByTheBackend() {
    try (TestReplica cutOff = new TestReplica(uri(proxy.port()));
        TestReplica b = new TestReplica(uri(port()))) {
      Grant held = b.acquire("lost/attempt");
      Claim waiting = claim("lost/attempt");
      assertBusy(cutOff.attempt(waiting, QueueIntent.JOIN));
      proxy.swallow(Direction.REQUESTS);
      b.release(held);
      assertThat(failure(cutOff.backend().tryAcquire(waiting, QueueIntent.JOIN)))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      proxy.resume();
      // A new command is sent after any command that the replica may still keep.
      assertStands(cutOff, cutOff.acquire("lost/other"));
      awaitGranted(b, claim("lost/attempt"));
    }
  }

  private static boolean isAnswer(String line) {
    return line.endsWith(" renewed") || line.startsWith("renewed ") || line.contains("EXPIRED");
  }

  private static void awaitGranted(TestReplica replica, Claim claim) {
    await()
        .atMost(PATIENCE)
        .until(() -> replica.attempt(claim, QueueIntent.NONE) instanceof Attempt.Granted);
  }

  private static void assertBusy(Attempt attempt) {
    assertThat(attempt).isInstanceOf(Attempt.Busy.class);
  }

  private static void assertStands(TestReplica replica, Grant grant) {
    assertThat(answer(replica.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
  }
}
