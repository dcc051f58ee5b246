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
  private final Desk desk = new Desk(CoordinatorSettings.DEFAULT);
  private final AtomicLong lastMark = new AtomicLong(1);

  @Test
  void grantAtOnce_namesTheMarkBeforeTheCommand() {
    Call call = ask(desk.claim(), Duration.ZERO);
    lastMark.set(2);
    assertThat(markOf(call)).isEqualTo(1);
  }

  @Test
  void grantAfterAWait_namesTheMarkBeforeTheHandOver() {
    Grant holder = desk.grab();
    Call waiter = ask(desk.claim(), Desk.LONG);
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
    Call first = ask(claim, Desk.LONG);
    lastMark.set(2);
    Call second = ask(claim, Desk.LONG);
    assertThat(markOf(first)).isEqualTo(1);
    assertThat(markOf(second)).isEqualTo(2);
  }

  @Test
  void claimThatHoldsAlready_namesTheMarkBeforeItsRenewal() {
    Claim claim = desk.claim();
    desk.grantOf(desk.acquire(claim, Duration.ZERO));
    desk.waiter();
    lastMark.set(5);
    Call again = ask(claim, Duration.ZERO);
    assertThat(markOf(again)).isEqualTo(5);
  }

  private Call ask(Claim claim, Duration maxWait) {
    return desk.coordinator.acquire(
        new AcquireOrder(claim, maxWait, Duration.ZERO, "tester", lastMark::get));
  }

  private long markOf(Call call) {
    return ((Granted) desk.finish(call.answer())).mark();
  }
}
