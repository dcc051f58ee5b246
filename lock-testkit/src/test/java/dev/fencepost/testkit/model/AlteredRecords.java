package dev.fencepost.testkit.model;

import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Ownership;
import java.util.List;
import java.util.Optional;

/** Records with one thing changed, as only broken rules would. */
final class AlteredRecords {

  private AlteredRecords() {}

  static LockRecord withTenure(LockRecord lock, Optional<Ownership> tenure) {
    return new LockRecord(
        lock.name(),
        tenure,
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        lock.replicaQueue(),
        lock.revoked());
  }

  static LockRecord withToken(LockRecord lock, long token) {
    return new LockRecord(
        lock.name(),
        lock.ownership(),
        token,
        lock.freeAtMicros(),
        lock.turn(),
        lock.replicaQueue(),
        lock.revoked());
  }

  static LockRecord withFreeAt(LockRecord lock, long micros) {
    return new LockRecord(
        lock.name(),
        lock.ownership(),
        lock.token(),
        micros,
        lock.turn(),
        lock.replicaQueue(),
        lock.revoked());
  }

  static LockRecord withRevoked(LockRecord lock, String reason) {
    return new LockRecord(
        lock.name(),
        lock.ownership(),
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        lock.replicaQueue(),
        reason);
  }

  static LockRecord withLine(LockRecord lock, List<ReplicaId> line) {
    return new LockRecord(
        lock.name(),
        lock.ownership(),
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        line,
        lock.revoked());
  }

  /** As if its lease ended then, and its lock with it. */
  static LockRecord endingAt(LockRecord lock, long micros) {
    Optional<Ownership> tenure =
        lock.ownership()
            .map(
                t ->
                    new Ownership(
                        t.claim(), t.claimant(), t.lease(), t.acquiredAtMicros(), micros));
    return withFreeAt(withTenure(lock, tenure), micros);
  }
}
