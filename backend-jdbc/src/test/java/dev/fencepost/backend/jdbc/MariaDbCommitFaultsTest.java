package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.StoreProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A MariaDB that is killed at the moment of a commit. A backup that blocks commits stops it at the
 * start of the commit: everything is written except the commit itself.
 */
final class MariaDbCommitFaultsTest extends CommitFaults {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Override
  StoreProcess server() {
    return MARIADB.server();
  }

  @Override
  String uri() {
    return MARIADB.jdbcUri();
  }

  @Override
  String uri(int port) {
    return MARIADB.jdbcUri(port);
  }

  @Override
  Connection connect() throws SQLException {
    return MySqlStoreUnderTest.connect(uri());
  }

  @Test
  void killedInsideTheCommitOfAGrant_grantsItWhenItIsRepeated() throws SQLException {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant before = replica.acquire("inside");
      replica.release(before);
      CompletionStage<Attempt> pending;
      Claim claim = claim("inside");
      try (Connection backup = connect()) {
        blockCommits(backup);
        pending = replica.backend().tryAcquire(claim, QueueIntent.NONE);
        awaitCommitting();
        assertThat(pending.toCompletableFuture()).isNotDone();
        server().kill();
      }
      assertUnknown(pending);
      server().start();
      assertThat(row("inside").orElseThrow().claim()).as("the commit was not made").isNull();
      Grant grant = replica.acquire(claim);
      assertThat(grant.token()).isGreaterThan(before.token());
      assertIsTheGrant(replica.acquire(claim), row("inside").orElseThrow());
      assertThat(replica.acquire(claim).ref()).isEqualTo(grant.ref());
    }
  }

  @Test
  void killedInsideTheCommitOfARelease_leavesTheGrantToBeReleased() throws SQLException {
    try (TestReplica replica = new TestReplica(uri())) {
      Grant held = replica.acquire("freed");
      CompletionStage<Release> pending;
      try (Connection backup = connect()) {
        blockCommits(backup);
        pending = replica.backend().release(ReleaseCommand.of(held.ref()));
        awaitCommitting();
        assertThat(pending.toCompletableFuture()).isNotDone();
        server().kill();
      }
      assertUnknown(pending);
      server().start();
      assertIsTheGrant(held, row("freed").orElseThrow());
      assertThat(repeatedRelease(replica, held)).isEqualTo(new Release.Released());
      assertThat(replica.acquire("freed").token()).isGreaterThan(held.token());
    }
  }

  private static void blockCommits(Connection backup) throws SQLException {
    try (Statement statement = backup.createStatement()) {
      for (String stage : List.of("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT")) {
        statement.execute("BACKUP STAGE " + stage);
      }
    }
  }

  /** Waits until a session waits in its commit. */
  private static void awaitCommitting() {
    await("a commit")
        .atMost(PATIENCE)
        .until(
            () ->
                MARIADB
                    .server()
                    .sql(
                        "SELECT COUNT(*) > 0 FROM information_schema.processlist"
                            + " WHERE state = 'Waiting for backup lock' AND info LIKE 'COMMIT%'")
                    .contains("1"));
  }
}
