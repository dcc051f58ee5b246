package dev.fencepost.testkit.model;

import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Tenure;
import java.util.List;
import java.util.Optional;

/** Records with one thing changed, as only broken rules would. */
final class Records {

  private Records() {}

  static LockRecord withTenure(LockRecord lock, Optional<Tenure> tenure) {
    return new LockRecord(
        lock.name(),
        tenure,
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        lock.line(),
        lock.revoked());
  }

  static LockRecord withToken(LockRecord lock, long token) {
    return new LockRecord(
        lock.name(),
        lock.tenure(),
        token,
        lock.freeAtMicros(),
        lock.turn(),
        lock.line(),
        lock.revoked());
  }

  static LockRecord withFreeAt(LockRecord lock, long micros) {
    return new LockRecord(
        lock.name(), lock.tenure(), lock.token(), micros, lock.turn(), lock.line(), lock.revoked());
  }

  static LockRecord withRevoked(LockRecord lock, String reason) {
    return new LockRecord(
        lock.name(),
        lock.tenure(),
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        lock.line(),
        reason);
  }

  static LockRecord withLine(LockRecord lock, List<ReplicaId> line) {
    return new LockRecord(
        lock.name(),
        lock.tenure(),
        lock.token(),
        lock.freeAtMicros(),
        lock.turn(),
        line,
        lock.revoked());
  }

  /** As if its lease ended then, and its lock with it. */
  static LockRecord endingAt(LockRecord lock, long micros) {
    Optional<Tenure> tenure =
        lock.tenure()
            .map(t -> new Tenure(t.claim(), t.claimant(), t.lease(), t.acquiredAtMicros(), micros));
    return withFreeAt(withTenure(lock, tenure), micros);
  }
}
