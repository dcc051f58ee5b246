package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Basis;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.backend.etcd.ObservedLock.ReplicaQueue;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdStream;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.WatchCancelRequest;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The locks that have waiters at this replica: one etcd watch each, all on one stream, from the
 * revision at which the lock was seen taken.
 *
 * <p>Wakes the waiters of a lock when this replica has the turn, or when the lock is free for all.
 * Caches the last seen state of each lock, so that the next attempt starts from a good guess.
 *
 * <p>A broken stream is reopened and continues where it ended. If etcd cannot deliver events, since
 * it has compacted them or was restored from a backup, the waiters are woken once as soon as the
 * new watch exists. Safe for use by many threads; the wake callback never runs under the monitor.
 */
final class LockWatches implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LockWatches.class);
  private static final long MIN_REOPEN_DELAY_NANOS = Duration.ofMillis(100).toNanos();
  private static final long MAX_REOPEN_DELAY_NANOS = Duration.ofSeconds(3).toNanos();

  /** The start revision of a watch that needs no history. */
  private static final long FROM_NOW = 0;

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final ReplicaId self;
  private final Consumer<LockName> wake;
  private final Duration callTimeout;
  private final Map<LockName, WatchedLock> watches = new HashMap<>();
  private @Nullable OpenStream current;
  private long reopenDelayNanos = MIN_REOPEN_DELAY_NANOS;
  private long reopenAtNanos = System.nanoTime();
  private int refusals;
  private boolean closed;

  LockWatches(
      EtcdConnections connections,
      EtcdSchema schema,
      ReplicaId self,
      Consumer<LockName> wake,
      Duration callTimeout) {
    this.connections = connections;
    this.schema = schema;
    this.self = self;
    this.wake = wake;
    this.callTimeout = callTimeout;
  }

  /** Watches a lock that was observed in this state at that revision. */
  void watch(ObservedLock observed, long revision) {
    synchronized (this) {
      WatchedLock watched = watches.get(observed.lock());
      if (watched != null) {
        watched.record(observed, revision);
        return;
      }
      WatchedLock added = new WatchedLock(observed, revision);
      watches.put(observed.lock(), added);
      if (current != null) {
        current.create(added);
        return;
      }
    }
    openIfNeeded();
  }

  /** Ends the watch of a lock that had no waiters here at that revision. */
  synchronized void unwatch(LockName lock, long revision) {
    WatchedLock watched = watches.get(lock);
    if (watched != null && revision >= watched.watchedAt) {
      watches.remove(lock);
      if (current != null) {
        current.cancel(watched);
      }
    }
  }

  /** Returns the state that an attempt should start from. */
  synchronized ObservedLock guess(LockName lock) {
    WatchedLock watched = watches.get(lock);
    if (watched == null) {
      return ObservedLock.free(lock);
    }
    boolean ourTurn = watched.entry.filter(entry -> entry.isTurnOf(self)).isPresent();
    return new ObservedLock(
        lock, ourTurn ? watched.entry : Optional.empty(), watched.queue, Basis.GUESSED);
  }

  /** Returns the last seen replica queue of the lock. */
  synchronized ReplicaQueue queueOf(LockName lock) {
    WatchedLock watched = watches.get(lock);
    return watched == null ? ReplicaQueue.NONE : watched.queue;
  }

  /** Returns queues that this replica is in and that have not changed for this long. */
  synchronized Map<LockName, ReplicaQueue> queuesOlderThan(Duration age, int limit) {
    return watches.values().stream()
        .filter(watched -> watched.isInQueueSince(age, self))
        .limit(limit)
        .collect(Collectors.toMap(watched -> watched.lock, watched -> watched.queue));
  }

  synchronized void recordQueue(LockName lock, ReplicaQueue queue) {
    WatchedLock watched = watches.get(lock);
    if (watched != null) {
      watched.recordQueue(queue);
    }
  }

  /**
   * True if another replica has had the turn for longer than a turn lasts. The time counts from
   * when this replica first saw the record, so the record was written before that.
   */
  synchronized boolean hasTurnExpired(ObservedLock observed) {
    WatchedLock watched = watches.get(observed.lock());
    return watched != null
        && observed.turn().filter(turn -> !turn.equals(self)).isPresent()
        && watched.entry.map(Entry::revision).equals(observed.entry().map(Entry::revision))
        && System.nanoTime() - watched.entrySinceNanos > LockRecord.TURN.toNanos();
  }

  /** Reopens a broken stream, and ends a stream on a connection that other calls no longer use. */
  void tick() {
    OpenStream old;
    synchronized (this) {
      old = current;
    }
    if (old != null && (old.stream.isAtFormerMember() || old.stream.hasFormerCertificates())) {
      old.stream.cancel("calls go to another connection now");
    }
    openIfNeeded();
  }

  @Override
  public void close() {
    OpenStream last;
    synchronized (this) {
      closed = true;
      last = current;
      current = null;
      watches.clear();
      if (last != null) {
        last.ended = true;
      }
    }
    if (last != null) {
      last.stream.cancel("closed");
    }
  }

  private void openIfNeeded() {
    OpenStream fresh;
    synchronized (this) {
      boolean mayOpen = System.nanoTime() - reopenAtNanos >= 0;
      if (closed || current != null || watches.isEmpty() || !mayOpen) {
        return;
      }
      fresh = new OpenStream();
      current = fresh;
      watches.values().forEach(fresh::create);
    }
    fresh.stream.open(CallDeadline.in(callTimeout));
  }

  /** One stream from its opening to its end. Guarded by the monitor of the outer class. */
  private final class OpenStream extends ClientCall.Listener<WatchResponse> {
    private final EtcdStream<WatchRequest, WatchResponse> stream =
        connections.newStream(WatchGrpc.getWatchMethod(), this);
    private final Deque<PendingWatch> creating = new ArrayDeque<>();
    private final Map<Long, WatchedLock> byId = new HashMap<>();
    private final Map<WatchedLock, Long> ids = new HashMap<>();
    private boolean ended;

    /** A watch that etcd has not confirmed yet. */
    private record PendingWatch(WatchedLock watched, long from) {}

    void create(WatchedLock watched) {
      create(watched, watched.nextRevision);
    }

    private void create(WatchedLock watched, long from) {
      creating.addLast(new PendingWatch(watched, from));
      WatchCreateRequest.Builder create =
          WatchCreateRequest.newBuilder().setKey(schema.lock(watched.lock)).setStartRevision(from);
      stream.send(WatchRequest.newBuilder().setCreateRequest(create).build());
    }

    void cancel(WatchedLock watched) {
      Long id = ids.get(watched);
      if (id != null) {
        byId.remove(id);
        ids.remove(watched);
        cancel(id);
      }
    }

    private void cancel(long id) {
      WatchCancelRequest.Builder cancel = WatchCancelRequest.newBuilder().setWatchId(id);
      stream.send(WatchRequest.newBuilder().setCancelRequest(cancel).build());
    }

    @Override
    public void onMessage(WatchResponse response) {
      List<LockName> toWake = new ArrayList<>();
      synchronized (LockWatches.this) {
        if (ended) {
          return;
        }
        if (response.getCreated()) {
          onCreated(response, toWake);
        } else if (response.getCanceled()) {
          onCanceled(response);
        } else {
          onEvents(response, toWake);
        }
      }
      stream.requestNext();
      toWake.forEach(wake);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      synchronized (LockWatches.this) {
        ended = true;
        if (current == this) {
          current = null;
          reopenAtNanos = System.nanoTime() + reopenDelayNanos;
          reopenDelayNanos = Math.min(2 * reopenDelayNanos, MAX_REOPEN_DELAY_NANOS);
          LOG.debug("The watch stream ended ({}) and is reopened", status.getCode());
        }
      }
    }

    private void onCreated(WatchResponse response, List<LockName> toWake) {
      PendingWatch created = creating.pollFirst();
      if (created == null) {
        return;
      }
      WatchedLock watched = created.watched();
      if (response.getCanceled()) {
        onRefused(response.getCancelReason());
        return;
      }
      refusals = 0;
      reopenDelayNanos = MIN_REOPEN_DELAY_NANOS;
      long present = response.getHeader().getRevision();
      if (watches.get(watched.lock) != watched) {
        cancel(response.getWatchId());
      } else if (created.from() > present + 1) {
        // Restored from a backup: that revision would be reached again only much later.
        cancel(response.getWatchId());
        create(watched, FROM_NOW);
      } else {
        byId.put(response.getWatchId(), watched);
        ids.put(watched, response.getWatchId());
        if (created.from() == FROM_NOW) {
          watched.restartAt(present);
          toWake.add(watched.lock);
        }
      }
    }

    /**
     * Ends the stream. etcd checks for each watch the login that opened the stream, and refuses by
     * a message, usually because that login has ended. The next stream uses a new login.
     */
    private void onRefused(String reason) {
      ended = true;
      if (++refusals == 2) {
        LOG.warn("etcd refuses to watch locks; retrying with a new login: {}", reason);
      }
      stream.endLogin();
      stream.cancel("a watch was refused");
    }

    /**
     * Creates the watch again, if etcd cancelled it because the events are compacted. A watch that
     * this replica cancelled is forgotten already.
     */
    private void onCanceled(WatchResponse response) {
      WatchedLock watched = byId.remove(response.getWatchId());
      if (watched != null) {
        ids.remove(watched);
        LOG.debug("A watch ended: {}", response.getCancelReason());
        create(watched, FROM_NOW);
      }
    }

    private void onEvents(WatchResponse response, List<LockName> toWake) {
      WatchedLock watched = byId.get(response.getWatchId());
      if (watched == null) {
        return;
      }
      for (Event event : response.getEventsList()) {
        long revision = event.getKv().getModRevision();
        watched.nextRevision = Math.max(watched.nextRevision, revision + 1);
        Optional<Entry> entry = WatchedLock.entryIn(watched.lock, event);
        if (revision > watched.revision) {
          watched.recordEntry(entry, revision);
        }
        boolean mayTake =
            entry.isEmpty() || entry.orElseThrow().isFree() || entry.orElseThrow().isTurnOf(self);
        if (mayTake && !toWake.contains(watched.lock)) {
          toWake.add(watched.lock);
        }
      }
    }
  }
}
