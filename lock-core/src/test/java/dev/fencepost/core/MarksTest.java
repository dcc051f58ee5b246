package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.AcquireAnswer.Granted;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The moment from which a caller counts its lease lies before the store was asked. */
final class MarksTest {
  private final CoordinatorFixture desk = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final AtomicLong lastMark = new AtomicLong(1);

  @Test
  void grantAtOnce_namesTheMarkBeforeTheCommand() {
    PendingAcquire call = ask(desk.claim(), Duration.ZERO);
    lastMark.set(2);
    assertThat(markOf(call)).isEqualTo(1);
  }

  @Test
  void grantAfterAWait_namesTheMarkBeforeTheHandOver() {
    Grant holder = desk.grab();
    PendingAcquire waiter = ask(desk.claim(), CoordinatorFixture.LONG);
    desk.world.run(Duration.ofMillis(5));
    lastMark.set(7);
    desk.release(holder);
    lastMark.set(8);
    assertThat(markOf(waiter)).isEqualTo(7);
  }

  /** It is answered from a renewal that was sent after it had come. */
  @Test
  void callThatJoinsACommandOnItsWay_namesTheMarkBeforeItsRenewal() {
    Claim claim = desk.claim();
    PendingAcquire first = ask(claim, CoordinatorFixture.LONG);
    lastMark.set(2);
    PendingAcquire second = ask(claim, CoordinatorFixture.LONG);
    assertThat(markOf(first)).isEqualTo(1);
    assertThat(markOf(second)).isEqualTo(2);
  }

  @Test
  void claimThatHoldsAlready_namesTheMarkBeforeItsRenewal() {
    Claim claim = desk.claim();
    desk.grantOf(desk.acquire(claim, Duration.ZERO));
    desk.waiter();
    lastMark.set(5);
    PendingAcquire again = ask(claim, Duration.ZERO);
    assertThat(markOf(again)).isEqualTo(5);
  }

  private PendingAcquire ask(Claim claim, Duration maxWait) {
    return desk.coordinator.acquire(
        new AcquireCommand(claim, maxWait, Duration.ZERO, "tester", lastMark::get));
  }

  private long markOf(PendingAcquire call) {
    return ((Granted) desk.finish(call.answer())).mark();
  }
}
