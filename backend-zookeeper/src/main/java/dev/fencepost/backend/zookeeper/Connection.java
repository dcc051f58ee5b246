package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when the connection comes and goes. Calls pass only between a finished welcome and
 * the next word that the connection is gone: meanwhile nothing is granted and nothing confirmed.
 *
 * <p>A welcome, the same for a new session and for one that goes on: what everything stands on is
 * there, this replica is registered, a new base of tokens is in force, places of an earlier session
 * are given up, and writes whose answer was lost are looked up. Safe for use by many threads.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // What is begun here ends in a whenComplete of its own.
final class Connection implements Link.Listener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final Duration RETRY = Duration.ofMillis(200);
  private static final Duration SWEEP_PAUSE = Duration.ofMillis(100);
  private static final Duration PURGE_PAUSE = Duration.ofSeconds(10);
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final ZookeeperSettings settings;
  private final Parts parts;
  private final ScheduledThreadPoolExecutor timers;
  private final Random random;
  private final Link link;
  private final CompletableFuture<Boolean> opened = new CompletableFuture<>();
  private final AtomicBoolean sweepPlanned = new AtomicBoolean();
  private @Nullable Handle connected;
  private long visits;
  private boolean closed;
  private Optional<String> storeId = Optional.empty();
  private int nextPurge;
  private volatile String lastTrouble = "";

  /** What takes part in a welcome. */
  record Parts(
      Access access,
      Places places,
      Registry registry,
      Bases bases,
      Foundation foundation,
      Tender tender,
      Sweep sweep,
      ServerClock clock,
      KnownLocks known) {}

  Connection(
      ZookeeperSettings settings, Parts parts, ScheduledThreadPoolExecutor timers, Random random) {
    this.settings = settings;
    this.parts = parts;
    this.timers = timers;
    this.random = random;
    this.link = new Link(settings, this);
  }

  static ScheduledThreadPoolExecutor newTimers() {
    ScheduledThreadPoolExecutor timers =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "fencepost-zookeeper-timers");
              thread.setDaemon(true);
              return thread;
            });
    timers.setRemoveOnCancelPolicy(true);
    timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return timers;
  }

  /** Connects; completes after the first welcome. */
  CompletableFuture<Boolean> open() {
    timers.execute(
        () -> {
          try {
            link.start();
          } catch (RuntimeException e) {
            opened.completeExceptionally(Trouble.told(e));
          }
        });
    return opened;
  }

  @Override
  public synchronized void connected(Handle handle) {
    if (closed) {
      return;
    }
    connected = handle;
    welcome(handle, ++visits);
  }

  @Override
  public synchronized void disconnected(Handle handle) {
    if (connected == handle) {
      parts.access().shut();
      connected = null;
      visits++;
    }
  }

  @Override
  public void refused() {
    opened.completeExceptionally(
        new StoreConfigurationException(
            "ZooKeeper does not accept these credentials: check store options user and password,"
                + " or sasl-section and the JAAS configuration"));
  }

  /** Goes through all locks soon, since somebody may have left some behind. */
  void sweepSoon() {
    if (sweepPlanned.compareAndSet(false, true)) {
      schedule(
          SWEEP_PAUSE,
          () -> {
            sweepPlanned.set(false);
            sweep();
          });
    }
  }

  @Override
  public void close() {
    Optional<Handle> handle = parts.access().handle();
    synchronized (this) {
      closed = true;
      connected = null;
      parts.access().shut();
    }
    handle.ifPresent(
        h -> {
          try {
            parts.registry().depart(h).get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (ExecutionException | TimeoutException e) {
            LOG.warn("ZooKeeper does not answer; its entry of this replica will time out");
          }
        });
    timers.shutdownNow();
    link.close();
  }

  private void welcome(Handle handle, long visit) {
    parts.clock().forget();
    parts
        .foundation()
        .lay(handle)
        .thenCompose(
            id -> {
              noteStore(id);
              return parts.registry().register(handle);
            })
        .thenCompose(registered -> parts.registry().follow(handle))
        .thenCompose(following -> parts.bases().replace(handle))
        .whenComplete(
            (base, error) -> {
              if (error == null) {
                welcomed(handle, visit);
              } else {
                welcomeFailed(handle, visit, error);
              }
            });
  }

  private void welcomed(Handle handle, long visit) {
    boolean first;
    synchronized (this) {
      if (visit != visits) {
        return;
      }
      first = !opened.isDone();
      // Its places first: nothing may be asked that believes in those of an older session.
      parts.places().begin(handle);
      parts.access().open(handle);
    }
    parts.tender().settleDoubts();
    if (first) {
      sweep();
      schedule(purgePause(), this::purge);
    }
    opened.complete(true);
  }

  private void welcomeFailed(Handle handle, long visit, Throwable error) {
    RuntimeException told = Trouble.told(error);
    synchronized (this) {
      if (visit != visits) {
        return;
      }
    }
    if (told instanceof StoreConfigurationException && opened.completeExceptionally(told)) {
      return;
    }
    warnOnce("Connected to ZooKeeper, but cannot begin: ", told);
    schedule(
        RETRY,
        () -> {
          synchronized (this) {
            if (visit == visits && !closed) {
              welcome(handle, visit);
            }
          }
        });
  }

  /** Says what goes wrong, unless it is a broken connection or was said before. */
  private void warnOnce(String what, Throwable error) {
    RuntimeException told = Trouble.told(error);
    boolean isBroken =
        told instanceof StoreException known && known.failure() == Failure.STORE_UNREACHABLE;
    String trouble = what + told.getMessage();
    if (!isBroken && !trouble.equals(lastTrouble)) {
      lastTrouble = trouble;
      LOG.warn("{}", trouble);
    }
  }

  private synchronized void noteStore(String id) {
    if (storeId.filter(known -> !known.equals(id)).isPresent()) {
      LOG.warn("Another store answers now: id {} instead of {}", id, storeId.orElseThrow());
      parts.known().clear();
    }
    storeId = Optional.of(id);
  }

  private void sweep() {
    parts
        .sweep()
        .findOrphans()
        .whenComplete(
            (done, error) -> {
              if (error != null) {
                warnOnce("Could not look for the locks of dead servers yet: ", error);
                schedule(RETRY.multipliedBy(5), this::sweepSoon);
              }
            });
  }

  private void purge() {
    if (!parts.registry().isFirst()) {
      schedule(purgePause(), this::purge);
      return;
    }
    parts
        .sweep()
        .purge(nextPurge, new Sweep.Ages(settings.purgeAfter(), settings.markRetention()))
        .whenComplete(
            (done, error) -> {
              nextPurge = (nextPurge + Sweep.GROUP) % NodeName.BUCKETS;
              schedule(purgePause(), this::purge);
            });
  }

  private Duration purgePause() {
    return PURGE_PAUSE.plusMillis(random.nextInt((int) PURGE_PAUSE.toMillis()));
  }

  private void schedule(Duration pause, Runnable act) {
    try {
      var unused = timers.schedule(act, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("Closed");
    }
  }
}
