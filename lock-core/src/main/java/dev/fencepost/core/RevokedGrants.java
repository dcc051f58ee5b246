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
 * Remembers grants that were revoked through this replica with their locks freed at once. The store
 * keeps no trace of them, so this replica tells their holders the reason. At most {@value #MOST},
 * the latest of each lock. Thread-safe.
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

  /** Returns the answer to a renewal, changed to REVOKED if that is how the grant ended. */
  Renewal withRevocation(GrantRef grant, Renewal answer) {
    if (!(answer instanceof Renewal.Lost lost) || lost.loss().reason() != LossReason.EXPIRED) {
      return answer;
    }
    return reason(grant.lock(), grant.token().value())
        .<Renewal>map(
            why ->
                new Renewal.Lost(new GrantLoss(LossReason.REVOKED, why, lost.loss().lastToken())))
        .orElse(answer);
  }

  /** Returns the answer to a release, changed to REVOKED if that is how the grant ended. */
  Release withRevocation(ReleaseCommand order, Release answer) {
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
