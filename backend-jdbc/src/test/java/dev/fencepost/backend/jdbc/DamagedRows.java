package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Rows with a damaged column. A command either refuses the row, and then the row has not changed,
 * or it answers as it acted: a caller never hears of an unreadable record while its claim holds the
 * lock.
 */
abstract class DamagedRows {
  private static final String LAPSED = ", acquired_at = 0, expires_at = 0, free_at = 0";
  private static final String COLUMNS =
      "token, claim, expires_at, free_at, turn, line, revoked, metadata";

  private static final int LONGEST_QUEUE = 3_800;
  private static final List<String> DAMAGED_QUEUES =
      List.of("line = 'x'", "line = 'no-replica-at-all,'");

  private TestReplica replica;

  /** Direct access to the database. */
  abstract SqlStoreUnderTest store();

  @BeforeEach
  final void open() {
    replica = new TestReplica(store().uri());
  }

  @AfterEach
  final void close() {
    replica.close();
  }

  @Test
  void damagedTurnOfAFreeLock_isGrantedAndAnsweredSo_orRefusedAndUnchanged() throws SQLException {
    assertAnsweredAsActed("turn = 'x', free_at = 0, claim = NULL");
  }

  @Test
  void damagedQueueOfAFreeLock_isGrantedAndAnsweredSo_orRefusedAndUnchanged() throws SQLException {
    for (String queue : DAMAGED_QUEUES) {
      assertAnsweredAsActed(queue + ", free_at = 0, claim = NULL");
    }
  }

  @Test
  void damagedClaimThatLapsed_isGrantedAndAnsweredSo_orRefusedAndUnchanged() throws SQLException {
    assertAnsweredAsActed("metadata = '%'" + LAPSED);
    assertAnsweredAsActed("claim = '?', metadata = '%'" + LAPSED);
  }

  private void assertAnsweredAsActed(String damage) throws SQLException {
    for (QueueIntent intent : QueueIntent.values()) {
      LockName lock = new LockName(damage + "/" + intent);
      replica.acquire(lock.value());
      damage(lock, damage);
      List<String> before = row(lock);
      Claim claim = claim(lock.value());
      Optional<Attempt> answered = answered(replica.backend().tryAcquire(claim, intent));
      if (answered.isEmpty()) {
        assertThat(row(lock)).as("a row that was refused").isEqualTo(before);
      } else {
        Grant grant = TestReplica.granted(answered.orElseThrow());
        assertThat(answer(replica.backend().renew(grant.ref())))
            .isInstanceOf(Renewal.Renewed.class);
        assertThat(row(lock)).startsWith(Long.toString(grant.token().value()), claim.id().value());
      }
    }
  }

  @Test
  void closedRow_withADamagedTurnOrQueue_isRefusedAndUnchanged() throws SQLException {
    assertRefusedUnchanged("closed/", "turn = 'x', claim = NULL");
    for (String damage : DAMAGED_QUEUES) {
      assertRefusedUnchanged("held/", damage);
      assertRefusedUnchanged("lapsed/", damage + ", acquired_at = 0, expires_at = 0");
      assertRefusedUnchanged("closed/", damage + ", claim = NULL");
    }
  }

  @Test
  void forcedRelease_ofADamagedClaim_isRefusedAndChangesNothing() throws SQLException {
    for (String damage : List.of("claim = '?'", "metadata = 'a=%x'", "metadata = 'a=b&c'")) {
      assertRefusedUnchanged("forced/", damage, this::forcedReleases);
      assertRefusedUnchanged("forced/lapsed/", damage + ", expires_at = 0", this::forcedReleases);
    }
  }

  @Test
  void longestQueue_isNotDamaged() throws SQLException {
    LockName lock = new LockName("long queue");
    Grant held = replica.acquire(lock.value());
    String queue =
        LongStream.range(0, LONGEST_QUEUE)
            .mapToObj(number -> ReplicaId.of(number).value() + ",")
            .collect(Collectors.joining());
    damage(lock, "line = '" + queue + "'");
    assertThat(replica.attempt(claim(lock.value()), QueueIntent.JOIN))
        .isInstanceOf(Attempt.Busy.class);
    assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(replica.backend().release(ReleaseCommand.of(held.ref()))))
        .isEqualTo(new Release.Released());
    assertThat(replica.describe(lock).replicaQueue()).hasSize(LONGEST_QUEUE);
  }

  @Test
  void tokenOfAGrantOverADamagedRow_isObserved() throws SQLException {
    LockName lock = new LockName("observed");
    Grant first = replica.acquire(lock.value());
    damage(lock, "metadata = '%'" + LAPSED);
    Optional<Attempt> answered =
        answered(replica.backend().tryAcquire(claim(lock.value()), QueueIntent.NONE));
    answered.ifPresent(
        attempt -> assertThat(TestReplica.granted(attempt).token()).isGreaterThan(first.token()));
    assertThat(replica.acquire("another").token()).isGreaterThan(first.token());
  }

  @Test
  void repeatedAttempt_overDamagedMetadata_isAnsweredAsItActed() throws SQLException {
    Claim claim = claim("repeated");
    Grant grant = replica.acquire(claim);
    damage(claim.lock(), "metadata = '%'");
    List<String> before = row(claim.lock());
    Optional<Attempt> answered = answered(replica.backend().tryAcquire(claim, QueueIntent.NONE));
    if (answered.isEmpty()) {
      assertThat(row(claim.lock())).isEqualTo(before);
    } else {
      assertThat(TestReplica.granted(answered.orElseThrow()).ref()).isEqualTo(grant.ref());
    }
  }

  @Test
  void handOver_overDamagedMetadata_isAnsweredAsItActed() throws SQLException {
    assertHandedOverOrRefused("metadata = '%', acquired_at = 0, expires_at = 0");
    assertHandedOverOrRefused("metadata = '%'" + LAPSED);
    assertHandedOverOrRefused("claim = '?', metadata = '%'" + LAPSED);
  }

  private void assertHandedOverOrRefused(String damage) throws SQLException {
    LockName lock = new LockName("handed over/" + damage);
    Grant former = replica.acquire(lock.value());
    damage(lock, damage);
    List<String> before = row(lock);
    Claim next = claim(lock.value());
    Optional<HandOver> answered =
        answered(replica.backend().handOver(former.ref(), next, QueueIntent.JOIN));
    if (answered.isEmpty()) {
      assertThat(row(lock)).isEqualTo(before);
    } else {
      HandOver handOver = answered.orElseThrow();
      assertThat(handOver.ended()).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
      Grant grant = TestReplica.granted(handOver.got());
      assertThat(row(lock)).startsWith(Long.toString(grant.token().value()), next.id().value());
      assertThat(replica.describe(lock).status()).isInstanceOf(LockStatus.Held.class);
    }
  }

  private List<CompletionStage<?>> commandsOfTheHolder(Grant grant) {
    LockBackend backend = replica.backend();
    LockName lock = grant.ref().lock();
    List<CompletionStage<?>> calls = forcedReleases(grant);
    calls.add(backend.tryAcquire(claim(lock.value()), QueueIntent.JOIN));
    calls.add(backend.handOver(grant.ref(), claim(lock.value()), QueueIntent.YIELD));
    calls.add(backend.leave(lock));
    calls.add(backend.renew(grant.ref()));
    calls.add(backend.release(ReleaseCommand.withdrawal(lock, grant.ref().claim())));
    return calls;
  }

  private List<CompletionStage<?>> forcedReleases(Grant grant) {
    LockName lock = grant.ref().lock();
    List<CompletionStage<?>> calls = new ArrayList<>();
    for (Optional<Duration> closeFor :
        List.of(
            Optional.of(Duration.ZERO),
            Optional.of(Duration.ofHours(1)),
            Optional.<Duration>empty())) {
      calls.add(
          replica
              .backend()
              .forceRelease(new ForceReleaseCommand(lock, "the test", Optional.empty(), closeFor)));
    }
    return calls;
  }

  private void assertRefusedUnchanged(String prefix, String damage) throws SQLException {
    assertRefusedUnchanged(prefix, damage, this::commandsOfTheHolder);
  }

  private void assertRefusedUnchanged(
      String prefix, String damage, Function<Grant, List<CompletionStage<?>>> calls)
      throws SQLException {
    LockName lock = new LockName(prefix + damage);
    Grant grant = replica.acquire(lock.value());
    damage(lock, damage);
    List<String> before = row(lock);
    for (CompletionStage<?> call : calls.apply(grant)) {
      assertThat(failure(call)).isEqualTo(Failure.RECORD_UNREADABLE);
    }
    assertThat(row(lock)).isEqualTo(before);
  }

  /** Returns the answer; empty if the record was refused. */
  private static <T> Optional<T> answered(CompletionStage<T> call) {
    try {
      return Optional.of(answer(call));
    } catch (StoreException e) {
      assertThat(e.failure()).isEqualTo(Failure.RECORD_UNREADABLE);
      return Optional.empty();
    }
  }

  private void damage(LockName lock, String assignments) throws SQLException {
    try (Connection connection = store().connect();
        PreparedStatement update =
            connection.prepareStatement(
                "UPDATE fencepost_lock SET " + assignments + " WHERE name = ?")) {
      update.setBytes(1, lock.utf8());
      assertThat(update.executeUpdate()).isEqualTo(1);
    }
  }

  private List<String> row(LockName lock) throws SQLException {
    try (Connection connection = store().connect();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT " + COLUMNS + " FROM fencepost_lock WHERE name = ?")) {
      select.setBytes(1, lock.utf8());
      try (ResultSet rows = select.executeQuery()) {
        assertThat(rows.next()).isTrue();
        List<String> values = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          values.add(String.valueOf(rows.getString(i)));
        }
        return values;
      }
    }
  }
}
