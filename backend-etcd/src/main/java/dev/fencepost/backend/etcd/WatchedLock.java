package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.Optional;

/** What is known of a lock that is followed. Under the monitor of {@link LockWatches}. */
final class WatchedLock {
  final LockName lock;
  Optional<Entry> entry;
  ObservedLock.Queue line;

  /** When this line was first seen here, on the clock of {@link System#nanoTime()}. */
  long lineSinceNanos = System.nanoTime();

  /** The revision as of which the entry is. */
  long revision;

  /** The revision as of which this replica last knew that it waits. */
  long followedAt;

  /** When the entry was first seen here, on the clock of {@link System#nanoTime()}. */
  long sinceNanos = System.nanoTime();

  /** From where the watch goes on. */
  long nextRevision;

  WatchedLock(ObservedLock seen, long revision) {
    this.lock = seen.lock();
    this.entry = seen.entry();
    this.line = seen.line();
    this.revision = revision;
    this.followedAt = revision;
    this.nextRevision = revision + 1;
  }

  /** This replica has seen the lock so, and waits. */
  void follow(ObservedLock seen, long at) {
    followedAt = Math.max(followedAt, at);
    if (at >= revision) {
      saw(seen.entry(), at);
    }
    sawLine(seen.line());
  }

  void sawLine(ObservedLock.Queue now) {
    if (now.revision() > line.revision()) {
      line = now;
      lineSinceNanos = System.nanoTime();
    }
  }

  /** Whether the replica stands in the line, which was the same one for so long. */
  boolean isInLineSince(Duration age, ReplicaId replica) {
    return System.nanoTime() - lineSinceNanos >= age.toNanos() && line.replicas().contains(replica);
  }

  void saw(Optional<Entry> now, long at) {
    boolean isSame =
        entry.isPresent()
            && now.isPresent()
            && entry.orElseThrow().revision() == now.orElseThrow().revision();
    sinceNanos = isSame ? sinceNanos : System.nanoTime();
    entry = now;
    revision = at;
  }
}
