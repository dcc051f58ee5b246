package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.CommandSamples.CLAIM;
import static dev.fencepost.lock.spi.support.CommandSamples.CONTEXT;
import static dev.fencepost.lock.spi.support.CommandSamples.LOCK;
import static dev.fencepost.lock.spi.support.CommandSamples.OTHER;
import static dev.fencepost.lock.spi.support.CommandSamples.REF;
import static dev.fencepost.lock.spi.support.CommandSamples.held;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.LockCommand.ForceReleaseLock;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import dev.fencepost.lock.spi.support.LockCommand.LeaveQueue;
import dev.fencepost.lock.spi.support.LockCommand.ReleaseClaim;
import dev.fencepost.lock.spi.support.LockCommand.RenewGrant;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Commands that change one lock. */
final class LockCommandTest {
  private static final LockCommand.StoreTokens TOKENS = new LockCommand.StoreTokens(77, 99);
  private static final ClaimId FORMER = new ClaimId("a".repeat(32));
  private static final ClaimId NEXT = new ClaimId("b".repeat(32));

  @Test
  void handOverBetweenTwoLocks_isRefused() {
    GrantRef from = new GrantRef(new LockName("one"), FORMER, new FencingToken(7));
    Claim to =
        new Claim(
            new LockName("other"), NEXT, Lease.of(Duration.ofSeconds(5)), Claimant.named("owner"));
    assertThatThrownBy(() -> new HandOverGrant(from, to, QueueIntent.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("another lock");
  }

  @Test
  void newGrant_getsTheTokenThatWasWritten() {
    AcquireClaim acquire = new AcquireClaim(CLAIM, QueueIntent.NONE);
    Attempt byRules = acquire.applyTo(LockRecord.unused(LOCK), CONTEXT).outcome();
    Attempt answer = acquire.withTokens(byRules, TOKENS);
    Grant grant = ((Attempt.Granted) answer).grant();
    assertThat(grant.token()).isEqualTo(new FencingToken(TOKENS.written()));
    assertThat(grant.ref().claim()).isEqualTo(CLAIM.id());
    assertThat(acquire.attemptIn(answer)).contains(answer);
    assertThat(acquire.lock()).isEqualTo(LOCK);
  }

  @Test
  void existingGrant_keepsItsToken() {
    AcquireClaim again = new AcquireClaim(OTHER, QueueIntent.NONE);
    Attempt byRules = again.applyTo(held(), CONTEXT).outcome();
    assertThat(again.withTokens(byRules, TOKENS)).isEqualTo(byRules);
  }

  @Test
  void busyLock_showsThePresentToken() {
    AcquireClaim acquire = new AcquireClaim(CLAIM, QueueIntent.JOIN);
    Attempt answer = acquire.withTokens(acquire.applyTo(held(), CONTEXT).outcome(), TOKENS);
    LockState state = ((Attempt.Busy) answer).state();
    assertThat(state.presentToken()).isEqualTo(TOKENS.present());
    assertThat(state.lastToken()).contains(REF.token());
  }

  @Test
  void handOver_endsOneGrantAndGetsTheWrittenToken() {
    HandOverGrant command = new HandOverGrant(REF, CLAIM, QueueIntent.JOIN);
    HandOver answer = command.withTokens(command.applyTo(held(), CONTEXT).outcome(), TOKENS);
    assertThat(answer.ended()).isEqualTo(new Release.Released());
    assertThat(((Attempt.Granted) answer.got()).grant().token().value())
        .isEqualTo(TOKENS.written());
    assertThat(command.attemptIn(answer)).contains(answer.got());
    assertThat(command.lock()).isEqualTo(LOCK);
  }

  @Test
  void forcedRelease_closesWithTheWrittenToken() {
    ForceReleaseLock closing =
        new ForceReleaseLock(
            new ForceReleaseCommand(LOCK, "reason", Optional.empty(), Optional.empty()));
    Revocation.Revoked answer =
        (Revocation.Revoked) closing.withTokens(closing.applyTo(held(), CONTEXT).outcome(), TOKENS);
    assertThat(answer.closing()).contains(new FencingToken(TOKENS.written()));
    Revocation notHeld = closing.applyTo(LockRecord.unused(LOCK), CONTEXT).outcome();
    assertThat(closing.withTokens(notHeld, TOKENS)).isEqualTo(new Revocation.NotHeld());
    assertThat(closing.attemptIn(answer)).isEmpty();
    assertThat(closing.lock()).isEqualTo(LOCK);
  }

  @Test
  void renewalReleaseAndLeave_followTheRulesOfTheRecord() {
    RenewGrant renew = new RenewGrant(REF);
    assertThat(renew.applyTo(held(), CONTEXT)).isEqualTo(held().renew(CONTEXT, REF));
    ReleaseClaim release = new ReleaseClaim(ReleaseCommand.of(REF));
    assertThat(release.applyTo(held(), CONTEXT))
        .isEqualTo(held().release(CONTEXT, ReleaseCommand.of(REF)));
    LeaveQueue leave = new LeaveQueue(LOCK);
    assertThat(leave.applyTo(held(), CONTEXT).outcome()).isFalse();
    assertThat(leave.withTokens(true, TOKENS)).isTrue();
    assertThat(List.of(renew.lock(), release.lock(), leave.lock())).containsOnly(LOCK);
  }
}
