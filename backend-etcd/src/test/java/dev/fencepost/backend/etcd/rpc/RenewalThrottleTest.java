package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.RunningServer;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Deferrable work is held back while renewals take too long, and only then. */
final class RenewalThrottleTest {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SLOW = CALL_TIMEOUT.dividedBy(RenewalThrottle.SLOW_DIVISOR);
  private static final Duration FAST = CALL_TIMEOUT.dividedBy(RenewalThrottle.FAST_DIVISOR);
  private static final Duration HALT = CALL_TIMEOUT.dividedBy(RenewalThrottle.HALT_DIVISOR);
  private static final Duration RUN = CALL_TIMEOUT.dividedBy(RenewalThrottle.RUN_DIVISOR);
  private static final Duration MOMENT = Duration.ofNanos(1);
  private static final int MOST = 7;

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private final AtomicInteger ids = new AtomicInteger();
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
  private final RenewalThrottle throttle = new RenewalThrottle(CALL_TIMEOUT, clock::get);
  private final List<CompletableFuture<Boolean>> inFlight = new ArrayList<>();

  @Test
  void withoutRenewals_everythingGoes() {
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
  }

  @Test
  void renewalsOfUsualLength_holdNothingBack() {
    completeRenewals(SLOW, RenewalThrottle.SMOOTHING * 20);
    startRenewals(RenewalThrottle.FEW + 1);
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
  }

  @Test
  void longRenewals_holdItBackUntilTheyAreQuickAgain() {
    completeRenewals(SLOW.plus(SLOW), RenewalThrottle.SMOOTHING * 20);
    startRenewals(RenewalThrottle.FEW + 1);
    assertThat(throttle.deferrableLimit(MOST)).isZero();
    completeRenewals(MOMENT, RenewalThrottle.SMOOTHING / 2);
    assertThat(throttle.deferrableLimit(MOST)).as("not as long, not yet quick").isZero();
    completeRenewals(MOMENT, RenewalThrottle.SMOOTHING * 20);
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
    completeRenewals(FAST.plus(MOMENT), RenewalThrottle.SMOOTHING * 20);
    assertThat(throttle.deferrableLimit(MOST)).as("not quick, not yet too long").isEqualTo(MOST);
  }

  @Test
  void renewalsThatStayLong_holdItBackForMostOfTheTime() {
    completeRenewals(SLOW.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
    startRenewals(RenewalThrottle.FEW + 1);
    for (int i = 0; i < 3; i++) {
      assertThat(throttle.deferrableLimit(MOST)).isZero();
      advance(HALT.minus(MOMENT));
      assertThat(throttle.deferrableLimit(MOST)).isZero();
      advance(MOMENT);
      assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
      advance(RUN.minus(MOMENT));
      assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
      advance(MOMENT);
    }
  }

  @Test
  void oneLongRenewalAmongMany_holdsNothingBack() {
    completeRenewals(Duration.ofMillis(1), RenewalThrottle.SMOOTHING);
    completeRenewals(SLOW.multipliedBy(2), 1);
    startRenewals(RenewalThrottle.FEW + 1);
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
  }

  @Test
  void whenFewAreLeft_everythingGoes() {
    completeRenewals(SLOW.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
    startRenewals(RenewalThrottle.FEW);
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
    startRenewals(1);
    assertThat(throttle.deferrableLimit(MOST)).isZero();
    inFlight.get(0).completeExceptionally(new IllegalStateException("no answer"));
    assertThat(throttle.deferrableLimit(MOST)).isEqualTo(MOST);
  }

  @Test
  void halt_makesALeaseThatEndsByItself() {
    EtcdSettings settings = EtcdSettings.of(StoreSettings.of(ETCD.uri("throttle")));
    CallDeadlines deadlines = new CallDeadlines("test", error -> {});
    EtcdConnections connections = new EtcdConnections(settings);
    try {
      CallGate gate = new CallGate(new CallFailures("etcd"), deadlines, 1, 1);
      LeaseClient leases = new LeaseClient(connections, this::newId, gate);
      throttle.flushServerBuffers(leases);
      assertThat(ids).hasValue(0);
      completeRenewals(SLOW.multipliedBy(2), RenewalThrottle.SMOOTHING * 20);
      startRenewals(RenewalThrottle.FEW + 1);
      throttle.flushServerBuffers(leases);
      assertThat(ids).hasValue(1);
      awaitLeases(1);
      awaitLeases(0);
    } finally {
      connections.close();
      deadlines.close();
    }
  }

  private long newId() {
    ids.incrementAndGet();
    return ThreadLocalRandom.current().nextLong();
  }

  private static void awaitLeases(int count) {
    await()
        .atMost(PATIENCE)
        .until(() -> ETCD.etcdctl("lease", "list").contains("found " + count + " leases"));
  }

  private void completeRenewals(Duration each, int times) {
    for (int i = 0; i < times; i++) {
      CompletableFuture<Boolean> renewal = startRenewal();
      advance(each);
      renewal.complete(true);
    }
  }

  private void startRenewals(int renewals) {
    for (int i = 0; i < renewals; i++) {
      inFlight.add(startRenewal());
    }
  }

  private CompletableFuture<Boolean> startRenewal() {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    assertThat(throttle.measure(() -> answer)).isNotDone();
    return answer;
  }

  private void advance(Duration time) {
    clock.addAndGet(time.toNanos());
  }
}
