package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Tokens rise, whatever happens: rules 2, 14 and 15. */
abstract class FencingContract extends ContractPart {

  private static final Duration AHEAD = Duration.ofHours(1);

  private static final long DAY_NANOS = Duration.ofDays(1).toNanos();

  FencingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void tokens_riseOverReleasesHandOversRevocationsPurgesAndReplicas() {
    LockName lock = newLock();
    List<FencingToken> tokens = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      for (ContractReplica party : List.of(a(), b(), c())) {
        Grant first = party.acquire(lock);
        Grant second =
            ContractReplica.granted(
                party.handOver(first, TestClaims.on(lock), QueueIntent.JOIN).got());
        party.release(second);
        Grant third = party.acquire(lock);
        FencingToken closing = revoke(party, lock, Optional.empty()).orElseThrow();
        party.forceRelease(
            new ForceReleaseCommand(lock, "open", Optional.empty(), Optional.of(Duration.ZERO)));
        Grant fourth = party.acquire(lock);
        revoke(party, lock, Optional.of(Duration.ZERO));
        store().purgeIdle();
        tokens.addAll(
            List.of(first.token(), second.token(), third.token(), closing, fourth.token()));
      }
    }
    assertStrictlyRising(tokens);
  }

  @Test
  void tokens_riseThroughConcurrentHolders() {
    LockName lock = newLock();
    Queue<FencingToken> tokens = new ConcurrentLinkedQueue<>();
    ConcurrentWorkers.run(
        4,
        worker -> {
          ContractReplica party = scene().party(worker % 3);
          ConcurrentWorkers.repeat(
              () -> {
                party
                    .tryAcquire(TestClaims.on(lock), QueueIntent.NONE)
                    .fold(
                        granted -> {
                          tokens.add(granted.grant().token());
                          return party.release(granted.grant());
                        },
                        busy -> true,
                        foreign -> true);
                return tokens.size() >= 100;
              });
        });
    assertStrictlyRising(List.copyOf(tokens));
  }

  @Test
  void token_countsNanosecondsSince1970() {
    long token = a().acquire(newLock()).token().value();
    long year2020 =
        Duration.ofSeconds(Instant.parse("2020-01-01T00:00:00Z").getEpochSecond()).toNanos();
    long year2200 =
        Duration.ofSeconds(Instant.parse("2200-01-01T00:00:00Z").getEpochSecond()).toNanos();
    assertThat(token).isBetween(year2020, year2200);
  }

  @Test
  void token_risesAlthoughTheClockIsBehind() {
    LockName lock = newLock();
    Grant former = a().acquire(lock);
    a().release(former);
    FencingToken last = ahead(former.token());
    store().raiseToken(lock, last);
    Grant next = b().acquire(lock);
    assertThat(next.token()).isGreaterThan(last);
    Grant third =
        ContractReplica.granted(b().handOver(next, TestClaims.on(lock), QueueIntent.JOIN).got());
    assertThat(third.token()).isGreaterThan(next.token());
    assertThat(revoke(a(), lock, Optional.empty()).orElseThrow()).isGreaterThan(third.token());
    scene().whileClosed(() -> {}); // These replicas' tokens would stay ahead of the clock.
  }

  @Test
  void lastToken_isShownAfterTheGrantEnded() {
    LockName lock = newLock();
    assertThat(a().describe(lock).lastToken()).isEmpty();
    Grant grant = a().acquire(lock);
    assertThat(b().describe(lock).lastToken()).contains(grant.token());
    a().release(grant);
    assertThat(b().describe(lock).lastToken()).contains(grant.token());
  }

  @Test
  void presentToken_isNoLowerThanAnyGiven() {
    Grant grant = a().acquire(newLock());
    assertThat(b().describe(grant.ref().lock()).presentToken())
        .isGreaterThanOrEqualTo(grant.token().value());
    assertThat(b().describe(newLock()).presentToken())
        .isBetween(grant.token().value() - DAY_NANOS, grant.token().value() + DAY_NANOS);
  }

  @Test
  void wipedStore_stillGivesGreaterTokens() {
    scene().whileClosed(() -> {});
    LockName lock = newLock();
    FencingToken highest = a().acquire(TestClaims.on(lock, ShortLeases.LEASE)).token();
    if (store().honoursTokenFloor()) {
      LockName other = newLock();
      a().release(a().acquire(TestClaims.on(other, ShortLeases.LEASE)));
      store().raiseToken(other, ahead(highest));
      highest = a().acquire(TestClaims.on(other, ShortLeases.LEASE)).token();
    }
    store().wipe();
    Grant after = ShortLeases.acquireWithin(a(), lock, store());
    assertThat(after.token()).isGreaterThan(highest);
    a().release(after);
    scene().whileClosed(store()::wipe);
    ShortLeases.acquireWithin(b(), lock, store());
  }

  private static FencingToken ahead(FencingToken token) {
    return new FencingToken(token.value() + AHEAD.toNanos());
  }

  private static Optional<FencingToken> revoke(
      ContractReplica party, LockName lock, Optional<Duration> closeFor) {
    return party
        .forceRelease(new ForceReleaseCommand(lock, "test", Optional.empty(), closeFor))
        .fold(
            Revocation.Revoked::closing,
            notHeld -> {
              throw new AssertionError("not held: " + lock);
            },
            mismatch -> {
              throw new AssertionError("no token was expected: " + mismatch);
            });
  }

  private static void assertStrictlyRising(List<FencingToken> tokens) {
    assertThat(tokens.stream().map(FencingToken::value).toList())
        .isSorted()
        .doesNotHaveDuplicates();
  }
}
