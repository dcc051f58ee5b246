package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Commands that change one lock. */
final class LockCommandTest {
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
}
