package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.AcquireAnswer.Granted;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A caller counts its lease from a moment before the store command was sent. */
final class MarksTest {
  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final AtomicLong lastMark = new AtomicLong(1);

  @Test
  void grantAtOnce_namesTheMarkBeforeTheCommand() {
    PendingAcquire call = ask(fixture.claim(), Duration.ZERO);
    lastMark.set(2);
    assertThat(markOf(call)).isEqualTo(1);
  }

  @Test
  void grantAfterAWait_namesTheMarkBeforeTheHandOver() {
    Grant holder = fixture.grab();
    PendingAcquire waiter = ask(fixture.claim(), CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    lastMark.set(7);
    fixture.release(holder);
    lastMark.set(8);
    assertThat(markOf(waiter)).isEqualTo(7);
  }

  /** The call is answered by a renewal sent after it arrived. */
  @Test
  void callThatJoinsACommandOnItsWay_namesTheMarkBeforeItsRenewal() {
    Claim claim = fixture.claim();
    PendingAcquire first = ask(claim, CoordinatorFixture.LONG);
    lastMark.set(2);
    PendingAcquire second = ask(claim, CoordinatorFixture.LONG);
    assertThat(markOf(first)).isEqualTo(1);
    assertThat(markOf(second)).isEqualTo(2);
  }

  @Test
  void claimThatHoldsAlready_namesTheMarkBeforeItsRenewal() {
    Claim claim = fixture.claim();
    fixture.grantOf(fixture.acquire(claim, Duration.ZERO));
    fixture.waiter();
    lastMark.set(5);
    PendingAcquire again = ask(claim, Duration.ZERO);
    assertThat(markOf(again)).isEqualTo(5);
  }

  private PendingAcquire ask(Claim claim, Duration maxWait) {
    return fixture.coordinator.acquire(
        new AcquireCommand(
            claim, maxWait, Duration.ZERO, "tester", lastMark::get, MakerCheck.EXACT));
  }

  private long markOf(PendingAcquire call) {
    return ((Granted) fixture.finish(call.answer())).mark();
  }
}
