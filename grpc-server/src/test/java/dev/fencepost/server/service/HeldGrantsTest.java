package dev.fencepost.server.service;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What the register of grants costs. */
class HeldGrantsTest {
  private static final int GRANTS = 100_000;
  private static final int SESSIONS = 20_000;
  private static final LimitSettings LIMITS =
      new LimitSettings(1, 1, 1, 1, 1_000_000, 1L << 30, 100);

  @Test
  void endOfASession_doesNotLookAtTheGrantsOfOthers() {
    HeldGrants held = new HeldGrants(new ServerLimits(LIMITS));
    HeldGrants.Keeper holder = HeldGrants.Keeper.session("a", (lock, token, loss) -> {});
    for (int i = 0; i < GRANTS; i++) {
      held.held(grant(i), holder, 0);
    }

    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          for (int i = 0; i < SESSIONS; i++) {
            HeldGrants.Keeper other = HeldGrants.Keeper.session("b", (lock, token, loss) -> {});
            held.held(grant(GRANTS + i), other, 0);
            other.leave();
          }
        });
  }

  private static Grant grant(int number) {
    return new Grant(
        new GrantRef(
            new LockName("lock-" + number),
            new ClaimId(String.format(Locale.ROOT, "claim-%022d", number)),
            new FencingToken(1)),
        Lease.of(Duration.ofMinutes(1)),
        LockMode.EXCLUSIVE,
        Grant.Origin.NEW);
  }
}
