package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.backend.etcd.ObservedLock.ReplicaQueue;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import io.etcd.jetcd.api.Event;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The local cache of a watched lock. Guarded by the monitor of {@link LockWatches}. */
final class WatchedLock {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedLock.class);

  final LockName lock;
  Optional<Entry> entry;
  ReplicaQueue queue;

  /** When this queue was first seen here, on the clock of {@link System#nanoTime()}. */
  long queueSinceNanos = System.nanoTime();

  /** The revision at which the entry was seen. */
  long revision;

  /** The latest revision at which this replica was known to wait. */
  long watchedAt;

  /** When the entry was first seen here, on the clock of {@link System#nanoTime()}. */
  long entrySinceNanos = System.nanoTime();

  /** The revision from which the watch continues. */
  long nextRevision;

  WatchedLock(ObservedLock observed, long revision) {
    this.lock = observed.lock();
    this.entry = observed.entry();
    this.queue = observed.queue();
    this.revision = revision;
    this.watchedAt = revision;
    this.nextRevision = revision + 1;
  }

  /** Records a state of the lock that this replica saw and waits behind. */
  void record(ObservedLock observed, long at) {
    watchedAt = Math.max(watchedAt, at);
    if (at >= revision) {
      recordEntry(observed.entry(), at);
    }
    recordQueue(observed.queue());
  }

  void recordQueue(ReplicaQueue seen) {
    if (seen.revision() > queue.revision()) {
      queue = seen;
      queueSinceNanos = System.nanoTime();
    }
  }

  /** True if the replica is in the queue, and the queue has been the same for this long. */
  boolean isInQueueSince(Duration age, ReplicaId replica) {
    return System.nanoTime() - queueSinceNanos >= age.toNanos()
        && queue.replicas().contains(replica);
  }

  void recordEntry(Optional<Entry> seen, long at) {
    boolean isSame =
        entry.isPresent()
            && seen.isPresent()
            && entry.orElseThrow().revision() == seen.orElseThrow().revision();
    entrySinceNanos = isSame ? entrySinceNanos : System.nanoTime();
    entry = seen;
    revision = at;
  }

  /**
   * Forgets what was seen, because events are missing: etcd has compacted them, or was restored
   * from a backup and will use revisions a second time.
   */
  void restartAt(long present) {
    recordEntry(Optional.empty(), present);
    queue = ReplicaQueue.NONE;
    queueSinceNanos = System.nanoTime();
    watchedAt = Math.min(watchedAt, present);
    nextRevision = present + 1;
  }

  /** Returns the record in an event. An unreadable one is left to the attempt that follows. */
  static Optional<Entry> entryIn(LockName lock, Event event) {
    if (event.getType() != Event.EventType.PUT) {
      return Optional.empty();
    }
    try {
      return Optional.of(Entry.of(lock, event.getKv()));
    } catch (StoreException e) {
      LOG.warn("The watch skips a record: {}", e.getMessage());
      return Optional.empty();
    }
  }
}
