package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import java.time.Duration;

/** A lock with two claims, for commands. */
final class CommandSamples {
  static final LockName LOCK = new LockName("lock");
  static final long NOW_MICROS = 1_800_000_000_000_000L;
  static final Claim CLAIM = claim('a');
  static final Claim OTHER = claim('b');
  static final GrantRef REF = new GrantRef(LOCK, OTHER.id(), new FencingToken(NOW_MICROS * 1_000));
  static final StepContext CONTEXT = new StepContext(ReplicaId.of(1), 1, NOW_MICROS);

  private CommandSamples() {}

  /** The lock, held by {@link #OTHER}; its grant is {@link #REF}. */
  static LockRecord held() {
    return LockRecord.unused(LOCK).acquire(CONTEXT, OTHER, QueueIntent.NONE).after();
  }

  private static Claim claim(char digit) {
    return new Claim(
        LOCK,
        new ClaimId(String.valueOf(digit).repeat(32)),
        Lease.of(Duration.ofSeconds(5)),
        Claimant.named("owner"));
  }
}
