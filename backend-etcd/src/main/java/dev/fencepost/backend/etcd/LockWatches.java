package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Basis;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
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
 * The locks that somebody waits for here: one watch each, all on one stream, from the revision at
 * which the lock was seen taken. Tells of a lock when its turn has come here or when it is free for
 * all, and remembers how it was last seen, so that the attempt that follows begins with a good
 * guess.
 *
 * <p>A stream that broke is opened again and goes on where it ended. What cannot be had any more,
 * because etcd has compacted it or was restored, is made up for by telling of the lock once the
 * watch stands. Safe for use by many threads; nobody is told under the monitor.
 */
final class LockWatches implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LockWatches.class);
  private static final long SHORTEST_PAUSE_NANOS = Duration.ofMillis(100).toNanos();
  private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(3).toNanos();

  /** The start of a watch that wants no history. */
  private static final long FROM_NOW = 0;

  private final EtcdConnections wire;
  private final EtcdSchema keys;
  private final ReplicaId self;
  private final Consumer<LockName> wake;
  private final Duration callTimeout;
  private final Map<LockName, WatchedLock> watches = new HashMap<>();
  private @Nullable Run run;
  private long pauseNanos = SHORTEST_PAUSE_NANOS;
  private long notBeforeNanos = System.nanoTime();
  private int refusals;
  private boolean closed;

  LockWatches(
      EtcdConnections wire,
      EtcdSchema keys,
      ReplicaId self,
      Consumer<LockName> wake,
      Duration callTimeout) {
    this.wire = wire;
    this.keys = keys;
    this.self = self;
    this.wake = wake;
    this.callTimeout = callTimeout;
  }

  /** Follows the lock, which was seen so at that revision. */
  void follow(ObservedLock seen, long revision) {
    synchronized (this) {
      WatchedLock watch = watches.get(seen.lock());
      if (watch != null) {
        watch.follow(seen, revision);
        return;
      }
      WatchedLock added = new WatchedLock(seen, revision);
      watches.put(seen.lock(), added);
      if (run != null) {
        run.create(added);
        return;
      }
    }
    openIfNeeded();
  }

  /** Nobody waits for the lock any more, as of that revision. */
  synchronized void unfollow(LockName lock, long revision) {
    WatchedLock watch = watches.get(lock);
    if (watch != null && revision >= watch.followedAt) {
      watches.remove(lock);
      if (run != null) {
        run.cancel(watch);
      }
    }
  }

  /** How an attempt should expect the lock to stand. */
  synchronized ObservedLock guess(LockName lock) {
    WatchedLock watch = watches.get(lock);
    if (watch == null) {
      return ObservedLock.free(lock);
    }
    boolean ourTurn = watch.entry.filter(entry -> entry.isTurnOf(self)).isPresent();
    return new ObservedLock(
        lock, ourTurn ? watch.entry : Optional.empty(), watch.line, Basis.GUESSED);
  }

  /** The line as it was last seen. */
  synchronized ObservedLock.Queue lineOf(LockName lock) {
    WatchedLock watch = watches.get(lock);
    return watch == null ? ObservedLock.Queue.NONE : watch.line;
  }

  /** Lines that this replica stands in, and that have been the same for so long; some of them. */
  synchronized Map<LockName, ObservedLock.Queue> linesOlderThan(Duration age, int most) {
    return watches.values().stream()
        .filter(watch -> watch.isInLineSince(age, self))
        .limit(most)
        .collect(Collectors.toMap(watch -> watch.lock, watch -> watch.line));
  }

  /** The line of a lock was seen. */
  synchronized void sawLine(LockName lock, ObservedLock.Queue line) {
    WatchedLock watch = watches.get(lock);
    if (watch != null) {
      watch.sawLine(line);
    }
  }

  /**
   * Whether it has been another replica's turn for longer than a turn lasts: counted here from when
   * the record was first seen, so it was written before that.
   */
  synchronized boolean isTurnOver(ObservedLock seen) {
    WatchedLock watch = watches.get(seen.lock());
    return watch != null
        && seen.turn().filter(turn -> !turn.equals(self)).isPresent()
        && watch.entry.map(Entry::revision).equals(seen.entry().map(Entry::revision))
        && System.nanoTime() - watch.sinceNanos > LockRecord.TURN.toNanos();
  }

  /** Opens the stream again if it broke, and ends one at a member that others have left. */
  void tick() {
    Run old;
    synchronized (this) {
      old = run;
    }
    if (old != null) {
      old.endIfElsewhere();
    }
    openIfNeeded();
  }

  @Override
  public void close() {
    Run last;
    synchronized (this) {
      closed = true;
      last = run;
      run = null;
      watches.clear();
    }
    if (last != null) {
      last.stop();
    }
  }

  /** The lock's record now; one that cannot be read is looked at by the attempt that follows. */
  private static Optional<Entry> entryOf(LockName lock, Event event) {
    if (event.getType() != Event.EventType.PUT) {
      return Optional.empty();
    }
    try {
      return Optional.of(Entry.of(lock, event.getKv()));
    } catch (StoreException e) {
      LOG.warn("Not followed: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private void openIfNeeded() {
    Run fresh;
    synchronized (this) {
      boolean mayOpen = System.nanoTime() - notBeforeNanos >= 0;
      if (closed || run != null || watches.isEmpty() || !mayOpen) {
        return;
      }
      fresh = new Run();
      run = fresh;
      watches.values().forEach(fresh::create);
    }
    wire.stream(WatchGrpc.getWatchMethod(), fresh, CallDeadline.in(callTimeout))
        .whenComplete(
            (stream, error) -> {
              if (error == null) {
                fresh.opened(stream);
              } else {
                fresh.ended(String.valueOf(error.getMessage()));
              }
            });
  }

  /** One stream from its opening to its end. Its state is under the monitor of all. */
  private final class Run extends ClientCall.Listener<WatchResponse> {
    private final Deque<WatchRequest> unsent = new ArrayDeque<>();
    private final Deque<Creation> creating = new ArrayDeque<>();
    private final Map<Long, WatchedLock> byId = new HashMap<>();
    private final Map<WatchedLock, Long> ids = new HashMap<>();
    private @Nullable RequestStream<WatchRequest> stream;
    private boolean over;

    /** A watch that is being made. */
    private record Creation(WatchedLock watch, long from) {}

    void create(WatchedLock watch) {
      create(watch, watch.nextRevision);
    }

    private void create(WatchedLock watch, long from) {
      creating.addLast(new Creation(watch, from));
      WatchCreateRequest.Builder create =
          WatchCreateRequest.newBuilder().setKey(keys.lock(watch.lock)).setStartRevision(from);
      send(WatchRequest.newBuilder().setCreateRequest(create).build());
    }

    void cancel(WatchedLock watch) {
      Long id = ids.get(watch);
      if (id != null) {
        byId.remove(id);
        ids.remove(watch);
        cancel(id);
      }
    }

    private void cancel(long id) {
      WatchCancelRequest.Builder cancel = WatchCancelRequest.newBuilder().setWatchId(id);
      send(WatchRequest.newBuilder().setCancelRequest(cancel).build());
    }

    private void send(WatchRequest request) {
      if (stream == null) {
        unsent.addLast(request);
      } else if (!over) {
        stream.send(request);
      }
    }

    void opened(RequestStream<WatchRequest> opened) {
      synchronized (LockWatches.this) {
        stream = opened;
        if (over) {
          opened.cancel("closed");
          return;
        }
        unsent.forEach(opened::send);
        unsent.clear();
      }
    }

    @Override
    public void onMessage(WatchResponse response) {
      List<LockName> told = new ArrayList<>();
      synchronized (LockWatches.this) {
        if (over) {
          return;
        }
        if (response.getCreated()) {
          created(response, told);
        } else if (response.getCanceled()) {
          cancelled(response);
        } else {
          changed(response, told);
        }
        if (stream != null) {
          stream.askForMore();
        }
      }
      told.forEach(wake);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      ended(status.getCode().toString());
    }

    void endIfElsewhere() {
      RequestStream<WatchRequest> open;
      synchronized (LockWatches.this) {
        open = stream;
      }
      if (open != null && !open.isAtPresentMember()) {
        open.cancel("another member is asked by now");
      }
    }

    void stop() {
      RequestStream<WatchRequest> open;
      synchronized (LockWatches.this) {
        over = true;
        open = stream;
      }
      if (open != null) {
        open.cancel("closed");
      }
    }

    void ended(String why) {
      synchronized (LockWatches.this) {
        over = true;
        if (run == this) {
          run = null;
          notBeforeNanos = System.nanoTime() + pauseNanos;
          pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
          LOG.debug("The watches ended ({}) and are made again", why);
        }
      }
    }

    private void created(WatchResponse response, List<LockName> told) {
      Creation made = creating.pollFirst();
      if (made == null) {
        return;
      }
      WatchedLock watch = made.watch();
      if (response.getCanceled()) {
        refused(response.getCancelReason());
        return;
      }
      refusals = 0;
      pauseNanos = SHORTEST_PAUSE_NANOS;
      long present = response.getHeader().getRevision();
      if (watches.get(watch.lock) != watch) {
        cancel(response.getWatchId());
      } else if (made.from() > present + 1) {
        // Restored from a backup: that revision would come again only much later.
        cancel(response.getWatchId());
        create(watch, FROM_NOW);
      } else {
        byId.put(response.getWatchId(), watch);
        ids.put(watch, response.getWatchId());
        if (made.from() == FROM_NOW) {
          watch.saw(Optional.empty(), present);
          watch.nextRevision = present + 1;
          told.add(watch.lock);
        }
      }
    }

    /**
     * etcd asks at each watch who began the stream, and says no by a message: since the login that
     * it began with has ended, as a rule. The next stream begins with another.
     */
    private void refused(String reason) {
      over = true;
      if (++refusals == 2) {
        LOG.warn("etcd refuses to watch locks, and is asked again: {}", reason);
      }
      RequestStream<WatchRequest> open = stream;
      if (open != null) {
        open.endLogin();
        open.cancel("a watch was refused");
      }
    }

    /** By us, then it is forgotten already; or since what it wants to see is compacted. */
    private void cancelled(WatchResponse response) {
      WatchedLock watch = byId.remove(response.getWatchId());
      if (watch != null) {
        ids.remove(watch);
        LOG.debug("A watch ended: {}", response.getCancelReason());
        create(watch, FROM_NOW);
      }
    }

    private void changed(WatchResponse response, List<LockName> told) {
      WatchedLock watch = byId.get(response.getWatchId());
      if (watch == null) {
        return;
      }
      for (Event event : response.getEventsList()) {
        long revision = event.getKv().getModRevision();
        watch.nextRevision = Math.max(watch.nextRevision, revision + 1);
        Optional<Entry> entry = entryOf(watch.lock, event);
        if (revision > watch.revision) {
          watch.saw(entry, revision);
        }
        boolean concernsUs =
            entry.isEmpty() || entry.orElseThrow().isFree() || entry.orElseThrow().isTurnOf(self);
        if (concernsUs && !told.contains(watch.lock)) {
          told.add(watch.lock);
        }
      }
    }
  }
}
