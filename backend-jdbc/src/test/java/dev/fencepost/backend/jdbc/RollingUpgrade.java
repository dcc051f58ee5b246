package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A replica of an earlier version and one of now, side by side on one database. */
abstract class RollingUpgrade {
  private static final Release RELEASED = new Release.Released();
  private static final Release RELEASED_BEFORE = new Release.NotHeld(LossReason.RELEASED);
  private static final Duration QUIET = Duration.ofMinutes(1);

  private TestReplica now;
  private FormerReplica former;

  /** The database. */
  abstract SqlStoreUnderTest store();

  /** The earlier version on it. */
  abstract FormerReplica former(SqlStoreUnderTest store);

  @BeforeEach
  final void open() {
    SqlStoreUnderTest store = store();
    now = new TestReplica(store.uri());
    former = former(store);
  }

  @AfterEach
  final void close() {
    former.close();
    now.close();
  }

  @Test
  void grantsOfEither_areTheOthersToRenewAndReleaseAndTokensRise() {
    Grant first = now.acquire("either");
    assertThat(former.renew(first.ref())).isInstanceOf(Renewal.Renewed.class);
    assertBusy(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(former.release(first.ref())).isEqualTo(RELEASED);
    assertThat(release(first)).isEqualTo(RELEASED_BEFORE);
    assertFree(first);

    Grant second = granted(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(former.release(first.ref())).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertBusy(now.attempt(claim("either"), QueueIntent.NONE));
    assertThat(answer(now.backend().renew(second.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(release(second)).isEqualTo(RELEASED);
    assertThat(former.release(second.ref())).isEqualTo(RELEASED_BEFORE);
    assertFree(second);

    Grant third = granted(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(third.token()).isGreaterThan(second.token());
    assertThat(former.release(third.ref())).isEqualTo(RELEASED);
    assertThat(now.acquire("either").token()).isGreaterThan(third.token());
  }

  @Test
  void turnsOfEither_areTakenByTheOther() {
    Grant ours = now.acquire("turns");
    Claim theirs = claim("turns");
    assertBusy(former.attempt(theirs, QueueIntent.JOIN));
    assertThat(now.describe(theirs.lock()).replicaQueue()).containsExactly(former.id());
    assertThat(release(ours)).isEqualTo(RELEASED);
    assertBusy(now.attempt(claim("turns"), QueueIntent.NONE));
    Grant second = granted(former.attempt(theirs, QueueIntent.NONE));

    Claim next = claim("turns");
    assertBusy(now.attempt(next, QueueIntent.JOIN));
    assertThat(former.release(second.ref())).isEqualTo(RELEASED);
    assertBusy(former.attempt(claim("turns"), QueueIntent.NONE));
    Grant third = granted(now.attempt(next, QueueIntent.NONE));
    assertThat(third.token()).isGreaterThan(second.token());
    assertThat(release(third)).isEqualTo(RELEASED);
    assertFree(third);
  }

  @Test
  void lockTakenByForce_isFreeForTheFormer() {
    Grant held = now.acquire("forced");
    answer(
        now.backend()
            .forceRelease(
                new ForceReleaseCommand(
                    held.ref().lock(), "test", Optional.empty(), Optional.of(Duration.ZERO))));
    assertFree(held);
    assertThat(former.renew(held.ref())).isInstanceOf(Renewal.Lost.class);
    Grant next = granted(former.attempt(claim("forced"), QueueIntent.NONE));
    assertThat(next.token()).isGreaterThan(held.token());
    assertThat(answer(now.backend().renew(held.ref()))).isInstanceOf(Renewal.Lost.class);
    assertThat(answer(now.backend().renew(next.ref()))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void purgeOfEither_forgetsNoHolderNoLineAndNoOrderOfTokens() throws SQLException {
    Grant held = now.acquire("purge/held");
    Grant waitedFor = now.acquire("purge/line");
    assertBusy(former.attempt(claim("purge/line"), QueueIntent.JOIN));
    Grant idle = now.acquire("purge/idle");
    assertThat(release(idle)).isEqualTo(RELEASED);
    Grant theirs = granted(former.attempt(claim("purge/theirs"), QueueIntent.NONE));
    assertThat(former.release(theirs.ref())).isEqualTo(RELEASED);

    former.purge(QUIET);
    store().purgeIdleFor(QUIET);

    assertThat(rows("purge/theirs")).as("within the quiet time").isEqualTo(1);
    assertThat(answer(now.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(now.describe(waitedFor.ref().lock()).replicaQueue()).containsExactly(former.id());
    // It takes it for idle since 1970, and may forget it at once.
    Grant next = granted(former.attempt(claim("purge/idle"), QueueIntent.NONE));
    assertThat(next.token()).isGreaterThan(idle.token());
    assertThat(release(idle)).isInstanceOf(Release.NotHeld.class);
    assertThat(former.renew(next.ref())).isInstanceOf(Renewal.Renewed.class);
  }

  private Release release(Grant grant) {
    return answer(now.backend().release(ReleaseCommand.of(grant.ref())));
  }

  private static void assertBusy(Attempt attempt) {
    assertThat(attempt).isInstanceOf(Attempt.Busy.class);
  }

  /** Both say so, and what its last token was. */
  private void assertFree(Grant last) {
    LockName lock = last.ref().lock();
    assertThat(former.describe(lock).status()).isEqualTo(new LockStatus.Free());
    assertThat(former.describe(lock).lastToken()).contains(last.token());
    assertThat(now.describe(lock).status()).isEqualTo(new LockStatus.Free());
    assertThat(now.describe(lock).lastToken()).contains(last.token());
  }

  private int rows(String lock) throws SQLException {
    try (Connection connection = store().connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT COUNT(*) FROM fencepost_lock WHERE name = '" + lock + "'")) {
      rows.next();
      return rows.getInt(1);
    }
  }
}
