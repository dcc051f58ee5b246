package dev.fencepost.server.service.grant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.service.limit.ServerLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The registry of held grants: its cost, and the grant that it remembers. */
class HeldGrantsTest {
  private static final GrantAudit AUDIT = new GrantAudit(AuditTrail.toLogger("test", Instant::now));

  private static final int GRANTS = 100_000;
  private static final int SESSIONS = 20_000;
  private static final LimitSettings LIMITS =
      new LimitSettings(1, 1, 1, 1, 1_000_000, 1, 1L << 30, 100);

  @Test
  void endOfASession_doesNotLookAtTheGrantsOfOthers() {
    HeldGrants grants = new HeldGrants(new ServerLimits(LIMITS), AUDIT);
    GrantClient client = GrantClient.ofSession("a", (lock, token, loss) -> {});
    for (int i = 0; i < GRANTS; i++) {
      grants.record(grant(i), client, 0);
    }

    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          for (int i = 0; i < SESSIONS; i++) {
            GrantClient other = GrantClient.ofSession("b", (lock, token, loss) -> {});
            grants.record(grant(GRANTS + i), other, 0);
            other.detachSession();
          }
        });
  }

  @Test
  void laterGrantOfTheSameSession_isTheOneThatIsKnown() {
    ServerLimits limits = new ServerLimits(LIMITS);
    HeldGrants grants = new HeldGrants(limits, AUDIT);
    List<FencingToken> lost = new ArrayList<>();
    GrantClient client = GrantClient.ofSession("a", (lock, token, loss) -> lost.add(token));
    grants.record(grant(1, 1), client, 0);
    Grant later = grant(1, 2);

    grants.record(later, client, 1);
    grants.record(later, client, 2);
    grants.recordRevocation(
        later.ref().lock(), later.token(), new GrantLoss(LossReason.REVOKED, "", Optional.empty()));

    assertThat(lost).containsExactly(new FencingToken(1), new FencingToken(2));
    assertThat(limits.locks().used()).isZero();
    assertThat(limits.grantBytes().used()).isZero();
  }

  private static Grant grant(int number) {
    return grant(number, 1);
  }

  private static Grant grant(int number, long token) {
    return new Grant(
        new GrantRef(
            new LockName("lock-" + number),
            new ClaimId(String.format(Locale.ROOT, "claim-%022d", number)),
            new FencingToken(token)),
        Lease.of(Duration.ofMinutes(1)),
        LockMode.EXCLUSIVE,
        Grant.Origin.NEW);
  }
}
