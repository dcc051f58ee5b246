package dev.fencepost.lock.spi.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class LockRecordTest {
  private static final LockName LOCK = new LockName("a");
  private static final ReplicaId ONE = ReplicaId.of(1);
  private static final ReplicaId TWO = ReplicaId.of(2);
  private static final long NOW = 1_800_000_000_000_000L;

  @Test
  void token_isTheClockOrOneMoreThanTheLastOrTheFloor() {
    LockRecord fresh = LockRecord.unused(LOCK);
    assertThat(grant(fresh, new StepContext(ONE, 0, NOW)).token()).isEqualTo(NOW * 1_000);
    long ahead = NOW * 1_000 + 77;
    assertThat(grant(fresh, new StepContext(ONE, ahead, NOW)).token()).isEqualTo(ahead);
    LockRecord freed = released(grant(fresh, new StepContext(ONE, ahead, NOW)));
    assertThat(grant(freed, new StepContext(ONE, 0, NOW)).token()).isEqualTo(ahead + 1);
  }

  @Test
  void token_neverWraps() {
    LockRecord last =
        released(grant(LockRecord.unused(LOCK), new StepContext(ONE, Long.MAX_VALUE, NOW)));
    assertThatThrownBy(() -> grant(last, new StepContext(ONE, 0, NOW)))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void releaseWithALine_wakesTheFirstAndNobodyElse() {
    LockRecord held = grant(LockRecord.unused(LOCK), asker(ONE));
    LockRecord waitedFor = held.acquire(asker(TWO), claim(2), QueueIntent.JOIN).after();
    Transition<?> release = waitedFor.release(asker(ONE), ReleaseCommand.of(ref(waitedFor)));
    assertThat(release.wake(waitedFor, ONE)).contains(TWO);
    assertThat(release.wake(waitedFor, TWO)).isEmpty();
    assertThat(release.after().stateAt(NOW).takeableBy(TWO)).isTrue();
    assertThat(release.after().stateAt(NOW).takeableBy(ONE)).isFalse();
    assertThat(release.after().stateAt(NOW + MicrosecondTime.of(LockRecord.TURN)).takeableBy(ONE))
        .isTrue();
  }

  @Test
  void everyRefusal_leavesTheRecordAsItWas() {
    LockRecord held = grant(LockRecord.unused(LOCK), asker(ONE));
    GrantRef wrong = new GrantRef(LOCK, claim(2).id(), ref(held).token());
    assertThat(held.acquire(asker(ONE), claim(2), QueueIntent.NONE).after()).isEqualTo(held);
    assertThat(held.renew(asker(ONE), wrong).after()).isEqualTo(held);
    assertThat(held.release(asker(ONE), ReleaseCommand.of(wrong)).after()).isEqualTo(held);
    assertThat(held.leave(asker(TWO)).after()).isEqualTo(held);
  }

  @Test
  void handOverToItself_isNonsense() {
    LockRecord held = grant(LockRecord.unused(LOCK), asker(ONE));
    assertThatThrownBy(() -> held.handOver(asker(ONE), ref(held), claim(1), QueueIntent.JOIN))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static StepContext asker(ReplicaId self) {
    return new StepContext(self, 0, NOW);
  }

  private static Claim claim(int number) {
    ClaimId id = new ClaimId(String.format(Locale.ROOT, "claim-%022d", number));
    return new Claim(LOCK, id, Lease.of(Duration.ofSeconds(10)), Claimant.named("tester"));
  }

  private static LockRecord grant(LockRecord lock, StepContext asker) {
    Transition<Attempt> step = lock.acquire(asker, claim(1), QueueIntent.NONE);
    assertThat(step.outcome()).isInstanceOf(Attempt.Granted.class);
    return step.after();
  }

  private static LockRecord released(LockRecord held) {
    return held.release(asker(ONE), ReleaseCommand.of(ref(held))).after();
  }

  private static GrantRef ref(LockRecord held) {
    return new GrantRef(
        LOCK, held.ownership().orElseThrow().claim(), held.stateAt(NOW).lastToken().orElseThrow());
  }
}
