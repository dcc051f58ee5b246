package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.StoreProcess;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A PostgreSQL that is killed at the moment of a commit. A standby that does not exist stops it
 * within the commit: the commit is on the disk, but no session sees it and no answer is sent.
 */
final class PostgresCommitFaultsTest extends CommitFaults {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  StoreProcess server() {
    return POSTGRES.server();
  }

  @Override
  String uri() {
    return POSTGRES.jdbcUri();
  }

  @Override
  String uri(int port) {
    return POSTGRES.jdbcUri(port);
  }

  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection(uri());
  }

  @AfterEach
  void letCommitsThrough() {
    server().heal();
    standBy("");
  }

  @Test
  void killedInsideTheCommitOfAGrant_hasItAfterwardsUnderTheSameToken() {
    try (TestReplica replica = new TestReplica(uri())) {
      replica.acquire("inside/warm");
      standBy("nobody");
      Claim claim = claim("inside");
      CompletionStage<Attempt> pending = replica.backend().tryAcquire(claim, QueueIntent.NONE);
      awaitCommitting("inside");
      assertThat(pending.toCompletableFuture()).isNotDone();
      assertThat(row("inside")).as("seen by others").isEmpty();
      restartWithoutStandby();
      assertUnknown(pending);
      Row made = row("inside").orElseThrow();
      assertIsTheGrant(replica.acquire(claim), made);
      assertThat(replica.attempt(claim("inside"), QueueIntent.NONE))
          .isInstanceOf(Attempt.Busy.class);
    }
  }

  @Test
  void killedInsideTheCommitOfARelease_changesNothingNewerWhenItIsRepeated() {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant former = replica.acquire("freed");
      standBy("nobody");
      CompletionStage<Release> pending = replica.backend().release(ReleaseCommand.of(former.ref()));
      awaitCommitting("freed");
      assertThat(pending.toCompletableFuture()).isNotDone();
      restartWithoutStandby();
      assertUnknown(pending);
      assertThat(repeatedRelease(replica, former))
          .isEqualTo(new Release.NotHeld(LossReason.RELEASED));
      Grant newer = replica.acquire("freed");
      assertThat(newer.token()).isGreaterThan(former.token());
      assertThat(repeatedRelease(replica, former))
          .isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
      assertStands(replica, newer);
    }
  }

  /** Waits until a session that changed a lock waits for the standby. */
  private static void awaitCommitting(String lock) {
    await("a commit of " + lock)
        .atMost(PATIENCE)
        .until(
            () ->
                POSTGRES
                    .server()
                    .sql(
                        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                            + " AND query LIKE '%fencepost_lock%'")
                    .contains("t"));
  }

  private void restartWithoutStandby() {
    server().kill();
    server().start();
    standBy("");
  }

  /** Makes commits wait for a standby of that name; an empty name means no standby. */
  private static void standBy(String name) {
    POSTGRES.server().sql("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
    POSTGRES.server().sql("SELECT pg_reload_conf()");
    await()
        .atMost(PATIENCE)
        .until(() -> POSTGRES.server().sql("SHOW synchronous_standby_names").strip().equals(name));
  }
}
