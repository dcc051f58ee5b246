package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * A forced release of a lock without a holder: rule 8, as a table that is independent of the
 * reference rules. Each way to be without a holder is combined with each command.
 */
abstract class ClosedByForceContract extends ContractPart {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration LONG_CLOSED = Duration.ofHours(3);
  private static final String REASON = "to be looked at";

  ClosedByForceContract(LockBackendContract suite) {
    super(suite);
  }

  /** The token that a command names. */
  private enum Named {
    NONE,
    FORMER,
    LAST,
    OTHER;

    Optional<FencingToken> of(Grant former, LockState state) {
      FencingToken last = state.lastToken().orElse(former.token());
      return switch (this) {
        case NONE -> Optional.empty();
        case FORMER -> Optional.of(former.token());
        case LAST -> Optional.of(last);
        case OTHER -> Optional.of(new FencingToken(last.value() + 1));
      };
    }
  }

  @Test
  void freeLock_isLeftAlone() {
    for (Named named : Named.values()) {
      for (Optional<Duration> closeFor : closings()) {
        Grant former = a().acquire(newLock());
        a().release(former);
        force(former, named, closeFor);
        assertThat(isFree(c().describe(former.ref().lock()))).isTrue();
        c().acquire(former.ref().lock());
      }
    }
  }

  @Test
  void lockClosedByForce_obeysOnlyAnOrderWithATimeAndWithoutAToken() {
    forEachOrder(
        former ->
            a().forceRelease(
                    new ForceReleaseCommand(
                        former.ref().lock(), "first", Optional.empty(), Optional.of(LONG_CLOSED))));
  }

  @Test
  void lockClosedByItsRelease_obeysOnlyAnOrderWithATimeAndWithoutAToken() {
    forEachOrder(
        former ->
            a().release(
                    new ReleaseCommand(
                        former.ref().lock(),
                        former.ref().claim(),
                        Optional.of(former.token()),
                        LONG_CLOSED,
                        former.ref().principal())));
  }

  @Test
  void turn_isNotEndedByAnOrderWithAToken() {
    for (Named named : List.of(Named.FORMER, Named.LAST, Named.OTHER)) {
      Grant former = a().acquire(newLock());
      LockName lock = former.ref().lock();
      b().busy(lock, QueueIntent.JOIN);
      a().release(former);
      force(former, named, Optional.of(HOUR));
      b().acquire(lock, QueueIntent.JOIN);
    }
  }

  @Test
  void lockDelay_obeysOnlyAnOrderWithATimeAndWithoutAToken() {
    Lease lease = new Lease(Duration.ofSeconds(2), Lease.MAX_LOCK_DELAY);
    Map<Named, Grant> formers = new EnumMap<>(Named.class);
    LockName last = newLock();
    for (Named named : Named.values()) {
      last = newLock();
      formers.put(named, a().acquire(TestClaims.on(last, lease)));
    }
    LockName newest = last;
    awaitAfter(lease.ttl(), () -> a().describe(newest).status() instanceof LockStatus.Closed);
    formers.forEach(this::assertObeysInDelay);
  }

  private void assertObeysInDelay(Named named, Grant former) {
    force(former, named, Optional.of(HOUR));
    boolean isObeyed = named == Named.NONE;
    LockStatus.Closed closed = closed(c().busy(former.ref().lock(), QueueIntent.NONE));
    assertThat(closed.availableIn())
        .as("%s", named)
        .isBetween(
            isObeyed ? HOUR.minusMinutes(5) : Duration.ofSeconds(1),
            isObeyed ? HOUR.plus(store().expirySlack()) : Lease.MAX_LOCK_DELAY.plusMinutes(1));
    assertThat(closed.revoked()).as("%s", named).isEqualTo(isObeyed ? REASON : "");
  }

  private interface Closing {
    void of(Grant former);
  }

  private void forEachOrder(Closing closing) {
    for (Named named : Named.values()) {
      for (Optional<Duration> closeFor : closings()) {
        Grant former = a().acquire(newLock());
        closing.of(former);
        force(former, named, closeFor);
        LockState state = c().describe(former.ref().lock());
        String order = named + " " + closeFor + ": " + state;
        if (named != Named.NONE || closeFor.isEmpty()) {
          assertThat(closed(state).availableIn()).as(order).isGreaterThan(HOUR.multipliedBy(2));
          ContractReplica.busy(
              c().tryAcquire(TestClaims.on(former.ref().lock()), QueueIntent.NONE));
        } else if (closeFor.orElseThrow().isZero()) {
          assertThat(isFree(state)).as(order).isTrue();
          c().acquire(former.ref().lock());
        } else {
          assertThat(closed(state).availableIn())
              .as(order)
              .isBetween(HOUR.minusMinutes(5), HOUR.plus(store().expirySlack()));
          assertThat(closed(state).revoked()).as(order).isEqualTo(REASON);
        }
      }
    }
  }

  private void force(Grant former, Named named, Optional<Duration> closeFor) {
    LockName lock = former.ref().lock();
    Optional<FencingToken> ifToken = named.of(former, b().describe(lock));
    assertThat(b().forceRelease(new ForceReleaseCommand(lock, REASON, ifToken, closeFor)))
        .isEqualTo(new Revocation.NotHeld());
  }

  private static List<Optional<Duration>> closings() {
    return List.of(Optional.empty(), Optional.of(Duration.ZERO), Optional.of(HOUR));
  }
}
