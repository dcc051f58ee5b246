package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.QueueIntent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Rows of replicas that died, and rows after a backward step of the database's clock. */
abstract class RowsLeftBehind {
  private static final Duration LEASE = Duration.ofSeconds(60);

  /** Direct access to the database. */
  abstract SqlStoreUnderTest store();

  @Test
  void queueEntryOfADeadReplica_isForgottenWithItsLock() throws SQLException {
    LockName lock = new LockName("left behind");
    holdAndWaitAndDie(lock);
    shift(lock, LEASE.plusSeconds(11).negated());
    try (TestReplica living = new TestReplica(store().uri())) {
      LockState state = living.describe(lock);
      assertThat(state.status()).isEqualTo(new LockStatus.Free());
      assertThat(state.replicaQueue()).isEmpty();
      assertThat(listed(living, lock)).isEmpty();
      store().purgeIdle();
      assertThat(rows(lock)).isZero();
    }
  }

  @Test
  void queueOfALockThatHasJustBecomeFree_isKept() throws SQLException {
    LockName lock = new LockName("still waited for");
    holdAndWaitAndDie(lock);
    shift(lock, LEASE.plusMillis(100).negated());
    store().purgeIdle();
    try (TestReplica living = new TestReplica(store().uri())) {
      assertThat(living.describe(lock).replicaQueue()).hasSize(1);
      assertThat(listed(living, lock)).containsExactly(lock);
    }
  }

  @Test
  void clockThatStepsBack_leavesReleasedLocksFree() throws SQLException {
    try (TestReplica replica = new TestReplica(store().uri())) {
      Grant released = replica.acquire("released");
      assertThat(answer(replica.backend().release(ReleaseCommand.of(released.ref()))))
          .isEqualTo(new Release.Released());
      Grant unnamed = replica.acquire("released without a token");
      answer(
          replica
              .backend()
              .release(ReleaseCommand.withdrawal(unnamed.ref().lock(), unnamed.ref().claim())));
      Grant revoked = replica.acquire("revoked");
      answer(
          replica
              .backend()
              .forceRelease(
                  new ForceReleaseCommand(
                      revoked.ref().lock(),
                      "the test",
                      Optional.empty(),
                      Optional.of(Duration.ZERO))));
      for (Grant former : List.of(released, unnamed, revoked)) {
        LockName lock = former.ref().lock();
        shift(lock, Duration.ofHours(1));
        assertThat(replica.describe(lock).status()).isEqualTo(new LockStatus.Free());
        assertThat(replica.acquire(lock.value()).ref().token()).isGreaterThan(former.ref().token());
      }
    }
  }

  @Test
  void releasedRow_isPurgedOnlyAfterItsQuietTime() throws SQLException {
    LockName lock = new LockName("quiet");
    try (TestReplica replica = new TestReplica(store().uri())) {
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire("quiet").ref())));
      store().purgeIdleFor(Duration.ofMinutes(1));
      assertThat(rows(lock)).isEqualTo(1);
      shift(lock, Duration.ofSeconds(61).negated());
      store().purgeIdleFor(Duration.ofMinutes(1));
      assertThat(rows(lock)).isZero();
    }
  }

  private void holdAndWaitAndDie(LockName lock) {
    try (TestReplica holder = new TestReplica(store().uri());
        TestReplica waiter = new TestReplica(store().uri())) {
      holder.acquire(claim(lock.value(), LEASE));
      assertThat(waiter.attempt(claim(lock.value()), QueueIntent.JOIN))
          .isInstanceOf(Attempt.Busy.class);
    }
  }

  private static List<LockName> listed(TestReplica replica, LockName prefix) {
    return answer(replica.backend().list(new ListQuery(prefix.value(), Optional.empty(), 10)))
        .locks()
        .stream()
        .map(LockState::lock)
        .toList();
  }

  /** Ages the row by a negative duration; a positive one acts like a backward step of the clock. */
  private void shift(LockName lock, Duration by) throws SQLException {
    try (Connection connection = store().connect();
        PreparedStatement update =
            connection.prepareStatement(
                "UPDATE fencepost_lock SET acquired_at = acquired_at + ?,"
                    + " expires_at = expires_at + ?, free_at = free_at + ? WHERE name = ?")) {
      for (int i = 1; i <= 3; i++) {
        update.setLong(i, by.toNanos() / 1_000);
      }
      update.setBytes(4, lock.utf8());
      assertThat(update.executeUpdate()).isEqualTo(1);
    }
  }

  private int rows(LockName lock) throws SQLException {
    try (Connection connection = store().connect();
        PreparedStatement select =
            connection.prepareStatement("SELECT COUNT(*) FROM fencepost_lock WHERE name = ?")) {
      select.setBytes(1, lock.utf8());
      try (ResultSet rows = select.executeQuery()) {
        rows.next();
        return rows.getInt(1);
      }
    }
  }
}
