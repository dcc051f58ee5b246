package dev.fencepost.server.service.wire;

import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.NotGranted;

/** Removes what only a caller with the right to inspect a lock may see. */
public final class HolderRedaction {
  private HolderRedaction() {}

  /** Returns a lock with its name and the times, without holders' names, tokens and waiters. */
  public static Lock of(Lock lock) {
    Lock.Builder redacted = lock.toBuilder().clearHolders().clearWaiters().clearLastToken();
    lock.getHoldersList().forEach(holder -> redacted.addHolders(of(holder)));
    return redacted.build();
  }

  /** Returns an answer without the names and tokens of the holders that were in the way. */
  public static AcquireResponse of(AcquireResponse response) {
    if (!response.hasNotGranted()) {
      return response;
    }
    NotGranted.Builder redacted = response.getNotGranted().toBuilder().clearHolders();
    response.getNotGranted().getHoldersList().forEach(h -> redacted.addHolders(of(h)));
    return response.toBuilder().setNotGranted(redacted).build();
  }

  private static Holder of(Holder holder) {
    Holder.Builder redacted = Holder.newBuilder().setMode(holder.getMode());
    if (holder.hasRemainingAtMost()) {
      redacted.setRemainingAtMost(holder.getRemainingAtMost());
    }
    return redacted.build();
  }
}
