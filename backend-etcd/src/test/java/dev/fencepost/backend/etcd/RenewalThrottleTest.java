package dev.fencepost.backend.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What can wait gives way to renewals that take too long, and to no others. */
final class RenewalThrottleTest {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration LONG = CALL_TIMEOUT.dividedBy(RenewalThrottle.LONG_PART);
  private static final Duration SHORT = CALL_TIMEOUT.dividedBy(RenewalThrottle.SHORT_PART);
  private static final Duration HALT = CALL_TIMEOUT.dividedBy(RenewalThrottle.HALT_PART);
  private static final Duration TURN = CALL_TIMEOUT.dividedBy(RenewalThrottle.TURN_PART);
  private static final Duration MOMENT = Duration.ofNanos(1);
  private static final int MOST = 7;

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
  private final RenewalThrottle pressure = new RenewalThrottle(CALL_TIMEOUT, clock::get);
  private final List<CompletableFuture<Boolean>> underWay = new ArrayList<>();

  @Test
  void withoutRenewals_everythingGoes() {
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
  }

  @Test
  void renewalsOfUsualLength_holdNothingBack() {
    renewals(LONG, RenewalThrottle.SMOOTHING * 20);
    begin(RenewalThrottle.FEW + 1);
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
  }

  @Test
  void longRenewals_holdItBackUntilTheyAreQuickAgain() {
    renewals(LONG.plus(LONG), RenewalThrottle.SMOOTHING * 20);
    begin(RenewalThrottle.FEW + 1);
    assertThat(pressure.unhurried(MOST)).isZero();
    renewals(MOMENT, RenewalThrottle.SMOOTHING / 2);
    assertThat(pressure.unhurried(MOST)).as("not as long, not yet quick").isZero();
    renewals(MOMENT, RenewalThrottle.SMOOTHING * 20);
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
    renewals(SHORT.plus(MOMENT), RenewalThrottle.SMOOTHING * 20);
    assertThat(pressure.unhurried(MOST)).as("not quick, not yet too long").isEqualTo(MOST);
  }

  @Test
  void renewalsThatStayLong_holdItBackForMostOfTheTime() {
    renewals(LONG.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
    begin(RenewalThrottle.FEW + 1);
    for (int i = 0; i < 3; i++) {
      assertThat(pressure.unhurried(MOST)).isZero();
      pass(HALT.minus(MOMENT));
      assertThat(pressure.unhurried(MOST)).isZero();
      pass(MOMENT);
      assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
      pass(TURN.minus(MOMENT));
      assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
      pass(MOMENT);
    }
  }

  @Test
  void oneLongRenewalAmongMany_holdsNothingBack() {
    renewals(Duration.ofMillis(1), RenewalThrottle.SMOOTHING);
    renewals(LONG.multipliedBy(2), 1);
    begin(RenewalThrottle.FEW + 1);
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
  }

  @Test
  void whenFewAreLeft_everythingGoes() {
    renewals(LONG.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
    begin(RenewalThrottle.FEW);
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
    begin(1);
    assertThat(pressure.unhurried(MOST)).isZero();
    underWay.get(0).completeExceptionally(new IllegalStateException("no answer"));
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
  }

  @Test
  void onceItIsLifted_everythingGoes() {
    renewals(LONG.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
    begin(RenewalThrottle.FEW + 1);
    pressure.lift();
    assertThat(pressure.unhurried(MOST)).isEqualTo(MOST);
  }

  private void renewals(Duration each, int times) {
    for (int i = 0; i < times; i++) {
      CompletableFuture<Boolean> renewal = renewal();
      pass(each);
      renewal.complete(true);
    }
  }

  private void begin(int renewals) {
    for (int i = 0; i < renewals; i++) {
      underWay.add(renewal());
    }
  }

  private CompletableFuture<Boolean> renewal() {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    assertThat(pressure.during(() -> answer)).isNotDone();
    return answer;
  }

  private void pass(Duration time) {
    clock.addAndGet(time.toNanos());
  }
}
