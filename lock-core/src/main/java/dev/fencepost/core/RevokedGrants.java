package dev.fencepost.core;

import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The grants that were last taken by force through this replica and whose locks were free at once:
 * a store has nothing to tell their holders by, so this replica tells them the reason. At most
 * {@value #MOST}, the latest of each lock. Thread-safe.
 */
final class RevokedGrants {
  private static final int MOST = 1_000;

  private record Taken(long token, String reason) {}

  private final Map<LockName, Taken> taken = new LinkedHashMap<>();

  synchronized void note(ForceReleaseCommand order, Revocation done) {
    if (done instanceof Revocation.Revoked revoked && revoked.closing().isEmpty()) {
      taken.remove(order.lock());
      taken.put(order.lock(), new Taken(revoked.former().token().value(), order.reason()));
      if (taken.size() > MOST) {
        taken.remove(taken.keySet().iterator().next());
      }
    }
  }

  /** The answer to a renewal, which is lost to force if that is how the grant ended. */
  Renewal told(GrantRef grant, Renewal answer) {
    if (!(answer instanceof Renewal.Lost lost) || lost.loss().reason() != LossReason.EXPIRED) {
      return answer;
    }
    return reason(grant.lock(), grant.token().value())
        .<Renewal>map(
            why ->
                new Renewal.Lost(new GrantLoss(LossReason.REVOKED, why, lost.loss().lastToken())))
        .orElse(answer);
  }

  /** The answer to a release, which came too late if the grant was taken by force. */
  Release told(ReleaseCommand order, Release answer) {
    return answer.equals(new Release.NotHeld(LossReason.EXPIRED))
        ? order
            .token()
            .flatMap(token -> reason(order.lock(), token.value()))
            .<Release>map(why -> new Release.NotHeld(LossReason.REVOKED))
            .orElse(answer)
        : answer;
  }

  private synchronized Optional<String> reason(LockName lock, long token) {
    return Optional.ofNullable(taken.get(lock))
        .filter(grant -> grant.token() == token)
        .map(Taken::reason);
  }
}
