package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.StoreProcess;
import dev.fencepost.testkit.replica.LockContenders;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Faults of a database server, and disturbances by another session of the database. */
abstract class ServerFaults {
  /** The server, which tests kill and pause. */
  abstract StoreProcess server();

  /** The URI of a store on the server. */
  abstract String uri();

  /** Opens a session for the test itself. */
  abstract Connection connect() throws SQLException;

  @Test
  void pausedServer_timesOutCallsAndHoldersSurvive() {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant grant = replica.acquire("paused");
      server().pause();
      try {
        assertThat(failure(replica.backend().renew(grant.ref())))
            .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      } finally {
        server().resume();
      }
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(Duration.ofSeconds(20))
          .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
    }
  }

  @Test
  void closingDuringAPause_takesAFewSeconds() {
    TestReplica replica = new TestReplica(uri());
    server().pause();
    try {
      CompletionStage<Attempt> pending =
          replica.backend().tryAcquire(claim("closing"), QueueIntent.NONE);
      long begun = System.nanoTime();
      replica.close();
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
      assertThat(failure(pending)).isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
    } finally {
      server().resume();
    }
  }

  @Test
  void stoppedServer_isUnreachableUntilItReturns() {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant grant = replica.acquire("gone");
      server().stop();
      try {
        assertThat(failure(replica.backend().renew(grant.ref())))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
        assertThat(failure(replica.backend().tryAcquire(claim("gone/2"), QueueIntent.NONE)))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
        assertThat(failure(replica.backend().info()))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      } finally {
        server().start();
      }
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(Duration.ofSeconds(20))
          .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(Duration.ofSeconds(20))
          .until(() -> !answer(replica.backend().info()).replicas().isEmpty());
      replica.acquire("gone/3");
    }
  }

  @Test
  void rowHeldByAnotherSession_delaysNoOtherLock() throws SQLException {
    try (TestReplica replica = TestReplica.patient(uri())) {
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire("rows/0").ref())));
      List<CompletionStage<Attempt>> pending = new ArrayList<>();
      try (Connection otherSession = holdRow("rows/0")) {
        for (int i = 0; i < 200; i++) {
          pending.add(replica.backend().tryAcquire(claim("rows/" + i), QueueIntent.NONE));
        }
        for (int i = 1; i < pending.size(); i++) {
          granted(answer(pending.get(i)));
        }
        assertThat(pending.get(0).toCompletableFuture()).isNotDone();
        otherSession.rollback();
      }
      Grant late = granted(answer(pending.get(0)));
      LockStatus.Held held =
          (LockStatus.Held)
              answer(replica.backend().describe(List.of(late.ref().lock()))).get(0).status();
      assertThat(held.holder().remainingAtMost()).isGreaterThan(Duration.ofSeconds(50));
    }
  }

  @Test
  void rowHeldForTooLong_timesOutAndARetrySettlesIt() throws SQLException {
    try (TestReplica replica = new TestReplica(uri())) {
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire("stuck").ref())));
      Claim claim = claim("stuck");
      try (Connection otherSession = holdRow("stuck")) {
        assertThat(failure(replica.backend().tryAcquire(claim, QueueIntent.NONE)))
            .isEqualTo(Failure.STORE_TIMEOUT);
        otherSession.rollback();
      }
      Grant grant = granted(answer(replica.backend().tryAcquire(claim, QueueIntent.NONE)));
      assertThat(granted(answer(replica.backend().tryAcquire(claim, QueueIntent.NONE))).ref())
          .isEqualTo(grant.ref());
    }
  }

  @Test
  void thousandWaitingAcquires_delayNoRenewals() throws SQLException {
    try (TestReplica replica = TestReplica.patient(uri())) {
      Grant own = replica.acquire("busy/own");
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire("busy").ref())));
      List<CompletableFuture<Attempt>> pending = new ArrayList<>();
      try (Connection otherSession = holdRow("busy")) {
        for (int i = 0; i < 1_000; i++) {
          pending.add(
              replica.backend().tryAcquire(claim("busy"), QueueIntent.NONE).toCompletableFuture());
        }
        for (int i = 0; i < 20; i++) {
          assertThat(answer(replica.backend().renew(own.ref())))
              .isInstanceOf(Renewal.Renewed.class);
        }
        assertThat(pending).noneMatch(CompletableFuture::isDone);
        otherSession.rollback();
      }
      long granted =
          pending.stream()
              .map(stage -> stage.handle((attempt, e) -> attempt instanceof Attempt.Granted))
              .filter(TestReplica::answer)
              .count();
      assertThat(granted).isEqualTo(1);
    }
  }

  @Test
  void oneBadRow_failsAlone() throws SQLException {
    try (TestReplica replica = new TestReplica(uri())) {
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire("bad/0").ref())));
      run("UPDATE fencepost_lock SET token = " + Long.MAX_VALUE + " WHERE name = 'bad/0'");
      List<CompletionStage<Attempt>> pending = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        pending.add(replica.backend().tryAcquire(claim("bad/" + i), QueueIntent.NONE));
      }
      assertThat(failure(pending.get(0))).isEqualTo(Failure.STORE_ERROR);
      pending.stream().skip(1).forEach(stage -> granted(answer(stage)));
    }
  }

  @Test
  void outageUnderLoad_neitherDoublesNorLosesAGrant() throws InterruptedException {
    try (TestReplica a = new TestReplica(uri());
        TestReplica b = new TestReplica(uri())) {
      LockContenders contenders = new LockContenders("contended/", List.of(a, b));
      contenders.start();
      for (int i = 0; i < 3; i++) {
        contenders.awaitGrants(200);
        server().kill();
        server().start();
      }
      contenders.awaitGrants(200);
      contenders.finish();
      assertThat(contenders.faults()).isEmpty();
    }
  }

  /** Lets {@code b} wait for a lock of {@code a} until it is notified of its turn. */
  static void awaitWake(TestReplica a, TestReplica b) {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              // An earlier call without an answer may have left a grant, so each round uses a new
              // lock.
              Claim claim = claim("woken/" + UUID.randomUUID());
              Grant grant = granted(answer(a.backend().tryAcquire(claim, QueueIntent.NONE)));
              answer(b.backend().tryAcquire(claim(claim.lock().value()), QueueIntent.JOIN));
              assertThat(answer(a.backend().release(ReleaseCommand.of(grant.ref()))))
                  .isEqualTo(new Release.Released());
              LockName woken = b.wakes().poll(2, TimeUnit.SECONDS);
              answer(b.backend().leave(claim.lock()));
              return claim.lock().equals(woken);
            });
  }

  /** Opens a session that locks a row until it is rolled back. */
  final Connection holdRow(String lock) throws SQLException {
    Connection connection = connect();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT 1 FROM fencepost_lock WHERE name = '" + lock + "' FOR UPDATE");
    }
    return connection;
  }

  final void run(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
