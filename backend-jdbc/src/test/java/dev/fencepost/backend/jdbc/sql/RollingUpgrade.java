package dev.fencepost.backend.jdbc.sql;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.jdbc.SqlStoreUnderTest;
import dev.fencepost.backend.jdbc.TestReplica;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.OtherPrincipal;
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

/** A replica of an earlier version and a current one, side by side on one database. */
abstract class RollingUpgrade {
  private static final Release RELEASED = new Release.Released();
  private static final Release RELEASED_BEFORE = new Release.NotHeld(LossReason.RELEASED);
  private static final Duration QUIET = Duration.ofMinutes(1);

  private TestReplica current;
  private FormerReplica former;

  /** The database. */
  abstract SqlStoreUnderTest store();

  /** A replica of the earlier version on the database. */
  abstract FormerReplica former(SqlStoreUnderTest store);

  @BeforeEach
  final void open() {
    SqlStoreUnderTest store = store();
    current = new TestReplica(store.uri());
    former = former(store);
  }

  @AfterEach
  final void close() {
    former.close();
    current.close();
  }

  @Test
  void grantsOfEitherVersion_canBeRenewedAndReleasedByTheOther_andTokensRise() {
    Grant first = current.acquire("either");
    assertThat(former.renew(first.ref())).isInstanceOf(Renewal.Renewed.class);
    assertBusy(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(former.release(first.ref())).isEqualTo(RELEASED);
    assertThat(release(first)).isEqualTo(RELEASED_BEFORE);
    assertFree(first);

    Grant second = granted(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(former.release(first.ref())).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertBusy(current.attempt(claim("either"), QueueIntent.NONE));
    assertThat(answer(current.backend().renew(second.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(release(second)).isEqualTo(RELEASED);
    assertThat(former.release(second.ref())).isEqualTo(RELEASED_BEFORE);
    assertFree(second);

    Grant third = granted(former.attempt(claim("either"), QueueIntent.NONE));
    assertThat(third.token()).isGreaterThan(second.token());
    assertThat(former.release(third.ref())).isEqualTo(RELEASED);
    assertThat(current.acquire("either").token()).isGreaterThan(third.token());
  }

  @Test
  void turnsGivenByEitherVersion_areUsedByTheOther() {
    Grant ours = current.acquire("turns");
    Claim theirs = claim("turns");
    assertBusy(former.attempt(theirs, QueueIntent.JOIN));
    assertThat(current.describe(theirs.lock()).replicaQueue()).containsExactly(former.id());
    assertThat(release(ours)).isEqualTo(RELEASED);
    assertBusy(current.attempt(claim("turns"), QueueIntent.NONE));
    Grant second = granted(former.attempt(theirs, QueueIntent.NONE));

    Claim next = claim("turns");
    assertBusy(current.attempt(next, QueueIntent.JOIN));
    assertThat(former.release(second.ref())).isEqualTo(RELEASED);
    assertBusy(former.attempt(claim("turns"), QueueIntent.NONE));
    Grant third = granted(current.attempt(next, QueueIntent.NONE));
    assertThat(third.token()).isGreaterThan(second.token());
    assertThat(release(third)).isEqualTo(RELEASED);
    assertFree(third);
  }

  @Test
  void lockReleasedByForce_isFreeForTheFormerVersion() {
    Grant held = current.acquire("forced");
    answer(
        current
            .backend()
            .forceRelease(
                new ForceReleaseCommand(
                    held.ref().lock(), "test", Optional.empty(), Optional.of(Duration.ZERO))));
    assertFree(held);
    assertThat(former.renew(held.ref())).isInstanceOf(Renewal.Lost.class);
    Grant next = granted(former.attempt(claim("forced"), QueueIntent.NONE));
    assertThat(next.token()).isGreaterThan(held.token());
    assertThat(answer(current.backend().renew(held.ref()))).isInstanceOf(Renewal.Lost.class);
    assertThat(answer(current.backend().renew(next.ref()))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void purgeByEitherVersion_keepsHoldersAndQueuesAndTheOrderOfTokens() throws SQLException {
    Grant held = current.acquire("purge/held");
    Grant waitedFor = current.acquire("purge/queue");
    assertBusy(former.attempt(claim("purge/queue"), QueueIntent.JOIN));
    Grant idle = current.acquire("purge/idle");
    assertThat(release(idle)).isEqualTo(RELEASED);
    Grant theirs = granted(former.attempt(claim("purge/theirs"), QueueIntent.NONE));
    assertThat(former.release(theirs.ref())).isEqualTo(RELEASED);

    former.purge(QUIET);
    store().purgeIdleFor(QUIET);

    assertThat(rows("purge/theirs")).as("within the quiet time").isEqualTo(1);
    assertThat(answer(current.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(current.describe(waitedFor.ref().lock()).replicaQueue())
        .containsExactly(former.id());
    // The former version takes the row for idle since 1970 and may delete it at once.
    Grant next = granted(former.attempt(claim("purge/idle"), QueueIntent.NONE));
    assertThat(next.token()).isGreaterThan(idle.token());
    assertThat(release(idle)).isInstanceOf(Release.NotHeld.class);
    assertThat(former.renew(next.ref())).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void grantOfTheFormerVersion_hasNoPrincipalAndIsRenewedByItsEmptyName() {
    Grant theirs = granted(former.attempt(claim("unowned"), QueueIntent.NONE));
    OtherPrincipal nobody = new OtherPrincipal("", theirs.token());
    GrantRef named = theirs.ref().madeBy("orders");
    assertThat(answer(current.backend().renew(named))).isEqualTo(new Renewal.ForeignGrant(nobody));
    assertThat(answer(current.backend().release(ReleaseCommand.of(named))))
        .isEqualTo(new Release.ForeignRelease(nobody));
    assertThat(answer(current.backend().renew(named.madeBy(nobody.recorded()))))
        .isInstanceOf(Renewal.Renewed.class);
    assertThat(release(theirs)).isEqualTo(RELEASED);
  }

  @Test
  void grantOfAPrincipal_isRenewedAndReleasedByTheFormerVersion() {
    Claim named = madeBy(claim("owned"), "orders");
    Grant ours = granted(current.attempt(named, QueueIntent.NONE));
    assertThat(former.renew(ours.ref())).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(current.backend().renew(ours.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(former.release(ours.ref())).isEqualTo(RELEASED);
  }

  private static Claim madeBy(Claim claim, String principal) {
    Claimant by = claim.claimant();
    return new Claim(
        claim.lock(),
        claim.id(),
        claim.lease(),
        new Claimant(by.owner(), principal, by.mode(), by.metadata()));
  }

  private Release release(Grant grant) {
    return answer(current.backend().release(ReleaseCommand.of(grant.ref())));
  }

  private static void assertBusy(Attempt attempt) {
    assertThat(attempt).isInstanceOf(Attempt.Busy.class);
  }

  /** Both versions describe the lock as free, with the same last token. */
  private void assertFree(Grant last) {
    LockName lock = last.ref().lock();
    assertThat(former.describe(lock).status()).isEqualTo(new LockStatus.Free());
    assertThat(former.describe(lock).lastToken()).contains(last.token());
    assertThat(current.describe(lock).status()).isEqualTo(new LockStatus.Free());
    assertThat(current.describe(lock).lastToken()).contains(last.token());
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
