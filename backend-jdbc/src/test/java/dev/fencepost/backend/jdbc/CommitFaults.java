package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.StoreProcess;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A database that is killed or cut off at the moment of a commit. */
abstract class CommitFaults {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<Failure> UNKNOWN =
      List.of(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
  private static final int MAX_ANSWER_BYTES = 600;
  private static final int STEP_BYTES = 40;

  private TcpProxy proxy;

  /** The server, which tests kill. */
  abstract StoreProcess server();

  /** The URI of a store on the server. */
  abstract String uri();

  /** The URI of the same store, through another port. */
  abstract String uri(int port);

  /** Opens a session for the test itself. */
  abstract Connection connect() throws SQLException;

  /** A claim id and its token. */
  record Row(String claim, long token) {}

  @BeforeEach
  final void startProxy() {
    proxy = new TcpProxy(server().port());
  }

  @AfterEach
  final void endProxy() {
    proxy.close();
  }

  @Test
  void grantWhoseAnswerIsSwallowed_isFoundByItsClaimOnEveryReplica() {
    try (TestReplica a = TestReplica.withoutIdleChecks(uri(proxy.port()));
        TestReplica b = new TestReplica(uri())) {
      a.acquire("swallowed/warm");
      proxy.swallow(Direction.ANSWERS);
      Claim claim = claim("swallowed");
      CompletionStage<Attempt> pending = a.backend().tryAcquire(claim, QueueIntent.NONE);
      Row made = awaitHeld(claim);
      assertUnknown(pending);
      assertIsTheGrant(b.acquire(claim), made);
      assertThat(b.attempt(claim("swallowed"), QueueIntent.NONE)).isInstanceOf(Attempt.Busy.class);
      proxy.resume();
      assertIsTheGrant(a.acquire(claim), made);
    }
  }

  @Test
  void grantWhoseServerIsKilledBeforeItsAnswer_isFoundByItsClaim() {
    try (TestReplica a = TestReplica.withoutIdleChecks(uri(proxy.port()))) {
      a.acquire("killed/warm");
      proxy.hold(Direction.ANSWERS);
      Claim claim = claim("killed");
      CompletionStage<Attempt> pending = a.backend().tryAcquire(claim, QueueIntent.NONE);
      Row made = awaitHeld(claim);
      assertThat(pending.toCompletableFuture()).isNotDone();
      server().kill();
      proxy.reset();
      proxy.resume();
      assertUnknown(pending);
      server().start();
      assertIsTheGrant(a.acquire(claim), made);
      assertThat(a.acquire("killed/other").token().value()).isGreaterThan(made.token());
    }
  }

  @Test
  void releaseWhoseAnswerIsSwallowed_repeatedChangesNothingNewer() {
    try (TestReplica a = TestReplica.withoutIdleChecks(uri(proxy.port()));
        TestReplica b = new TestReplica(uri())) {
      Grant former = a.acquire("released");
      proxy.swallow(Direction.ANSWERS);
      CompletionStage<Release> pending = a.backend().release(ReleaseCommand.of(former.ref()));
      awaitFree("released");
      assertUnknown(pending);
      proxy.resume();
      assertThat(repeatedRelease(a, former))
          .as("nobody got it since")
          .isEqualTo(new Release.NotHeld(LossReason.RELEASED));
      Grant newer = b.acquire("released");
      assertThat(repeatedRelease(a, former)).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
      assertStands(b, newer);
    }
  }

  @Test
  void answerCutAtAnyByte_isEitherTrueOrUnknown() {
    int unknown = 0;
    try (TestReplica a = new TestReplica(uri(proxy.port()));
        TestReplica b = new TestReplica(uri())) {
      for (int bytes = 0; bytes < MAX_ANSWER_BYTES; bytes += STEP_BYTES) {
        unknown += attemptAndReleaseCutAfter(bytes, a, b);
      }
    }
    assertThat(unknown).as("answers that were cut").isPositive();
  }

  /** Returns how many of the two calls had no answer. */
  private int attemptAndReleaseCutAfter(int bytes, TestReplica a, TestReplica b) {
    Claim claim = claim("cut/" + bytes);
    proxy.cutAfter(Direction.ANSWERS, bytes);
    Optional<Attempt> attempt = tried(a.backend().tryAcquire(claim, QueueIntent.NONE));
    proxy.resume();
    Optional<Row> row = row(claim.lock().value()).filter(held -> held.claim() != null);
    Grant grant = b.acquire(claim);
    row.ifPresent(made -> assertIsTheGrant(grant, made));
    attempt.ifPresent(
        answer -> assertThat(TestReplica.granted(answer).ref()).isEqualTo(grant.ref()));
    // The pool has a connection again.
    assertThat(a.acquire(claim).ref()).isEqualTo(grant.ref());

    proxy.cutAfter(Direction.ANSWERS, bytes);
    Optional<Release> release = tried(a.backend().release(ReleaseCommand.of(grant.ref())));
    proxy.resume();
    release.ifPresent(answer -> assertThat(answer).isEqualTo(new Release.Released()));
    boolean isFree = row(claim.lock().value()).orElseThrow().claim() == null;
    assertThat(isFree || release.isEmpty()).as("the answer is true").isTrue();
    assertThat(repeatedRelease(b, grant))
        .isEqualTo(isFree ? new Release.NotHeld(LossReason.RELEASED) : new Release.Released());
    Grant newer = b.acquire(claim.lock().value());
    assertThat(newer.token()).isGreaterThan(grant.token());
    assertThat(repeatedRelease(a, grant)).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertStands(b, newer);
    return (attempt.isEmpty() ? 1 : 0) + (release.isEmpty() ? 1 : 0);
  }

  private static <T> Optional<T> tried(CompletionStage<T> stage) {
    try {
      return Optional.of(answer(stage));
    } catch (StoreException e) {
      assertThat(e.failure()).isIn(UNKNOWN);
      return Optional.empty();
    }
  }

  static void assertIsTheGrant(Grant grant, Row row) {
    assertThat(grant.ref().claim().value()).isEqualTo(row.claim());
    assertThat(grant.token().value()).isEqualTo(row.token());
  }

  static void assertStands(TestReplica replica, Grant grant) {
    assertThat(renewedSoon(replica, grant)).isInstanceOf(Renewal.Renewed.class);
  }

  static Renewal renewedSoon(TestReplica replica, Grant grant) {
    return await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .pollDelay(Duration.ZERO)
        .atMost(PATIENCE)
        .until(() -> answer(replica.backend().renew(grant.ref())), renewal -> true);
  }

  /** Repeats a release until it has an answer. */
  static Release repeatedRelease(TestReplica replica, Grant grant) {
    return await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .pollDelay(Duration.ZERO)
        .atMost(PATIENCE)
        .until(
            () -> answer(replica.backend().release(ReleaseCommand.of(grant.ref()))), done -> true);
  }

  static void assertUnknown(CompletionStage<?> pending) {
    assertThat(failure(pending)).isIn(UNKNOWN);
  }

  /** Waits until the claim's grant is committed. */
  private Row awaitHeld(Claim claim) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> row(claim.lock().value()).filter(row -> claim.id().value().equals(row.claim())),
            Optional::isPresent)
        .orElseThrow();
  }

  private void awaitFree(String lock) {
    await().atMost(PATIENCE).until(() -> row(lock).orElseThrow().claim() == null);
  }

  /** Reads the committed row of a lock; the claim is null if the lock is free. */
  final Optional<Row> row(String lock) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT claim, token FROM fencepost_lock WHERE name = '" + lock + "'")) {
      return row.next() ? Optional.of(new Row(row.getString(1), row.getLong(2))) : Optional.empty();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
