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
 * there, this replica is registered, a new base of tokens is in force, queueNodes of an earlier
 * session are given up, and writes whose answer was lost are looked up. Safe for use by many
 * threads.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // What is begun here ends in a whenComplete of its own.
final class ConnectionLifecycle implements ZookeeperConnections.ConnectionListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionLifecycle.class);
  private static final Duration RETRY = Duration.ofMillis(200);
  private static final Duration SWEEP_PAUSE = Duration.ofMillis(100);
  private static final Duration PURGE_PAUSE = Duration.ofSeconds(10);
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final ZookeeperSettings settings;
  private final LifecycleContext context;
  private final ScheduledThreadPoolExecutor timers;
  private final Random random;
  private final ZookeeperConnections link;
  private final CompletableFuture<Boolean> opened = new CompletableFuture<>();
  private final AtomicBoolean sweepPlanned = new AtomicBoolean();
  private @Nullable ZookeeperClient connected;
  private long visits;
  private boolean closed;
  private Optional<String> storeId = Optional.empty();
  private int nextPurge;
  private volatile String lastTrouble = "";

  /** What takes part in a welcome. */
  record LifecycleContext(
      RequestGate gate,
      OwnQueueNodes queueNodes,
      ReplicaRegistry registry,
      TokenBaseManager tokenBases,
      StoreBootstrap bootstrap,
      StateExpirer expirer,
      LockSweeper sweeper,
      EnsembleClock clock,
      LockNameCache existingLocks) {}

  ConnectionLifecycle(
      ZookeeperSettings settings,
      LifecycleContext context,
      ScheduledThreadPoolExecutor timers,
      Random random) {
    this.settings = settings;
    this.context = context;
    this.timers = timers;
    this.random = random;
    this.link = new ZookeeperConnections(settings, this);
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
            opened.completeExceptionally(ZookeeperErrors.toException(e));
          }
        });
    return opened;
  }

  @Override
  public synchronized void connected(ZookeeperClient client) {
    if (closed) {
      return;
    }
    connected = client;
    welcome(client, ++visits);
  }

  @Override
  public synchronized void disconnected(ZookeeperClient client) {
    if (connected == client) {
      context.gate().shut();
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
    Optional<ZookeeperClient> client = context.gate().client();
    synchronized (this) {
      closed = true;
      connected = null;
      context.gate().shut();
    }
    client.ifPresent(
        h -> {
          try {
            context.registry().depart(h).get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (ExecutionException | TimeoutException e) {
            LOG.warn("ZooKeeper does not answer; its entry of this replica will time out");
          }
        });
    timers.shutdownNow();
    link.close();
  }

  private void welcome(ZookeeperClient client, long visit) {
    context.clock().forget();
    context
        .bootstrap()
        .ensureExists(client)
        .thenCompose(
            id -> {
              noteStore(id);
              return context.registry().register(client);
            })
        .thenCompose(registered -> context.registry().follow(client))
        .thenCompose(following -> context.tokenBases().replace(client))
        .whenComplete(
            (base, error) -> {
              if (error == null) {
                welcomed(client, visit);
              } else {
                welcomeFailed(client, visit, error);
              }
            });
  }

  private void welcomed(ZookeeperClient client, long visit) {
    boolean first;
    synchronized (this) {
      if (visit != visits) {
        return;
      }
      first = !opened.isDone();
      // Its queueNodes first: nothing may be asked that believes in those of an older session.
      context.queueNodes().begin(client);
      context.gate().open(client);
    }
    context.expirer().settleDoubts();
    if (first) {
      sweep();
      schedule(purgePause(), this::purge);
    }
    opened.complete(true);
  }

  private void welcomeFailed(ZookeeperClient client, long visit, Throwable error) {
    RuntimeException told = ZookeeperErrors.toException(error);
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
              welcome(client, visit);
            }
          }
        });
  }

  /** Says what goes wrong, unless it is a broken connection or was said before. */
  private void warnOnce(String what, Throwable error) {
    RuntimeException told = ZookeeperErrors.toException(error);
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
      context.existingLocks().clear();
    }
    storeId = Optional.of(id);
  }

  private void sweep() {
    context
        .sweeper()
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
    if (!context.registry().isFirst()) {
      schedule(purgePause(), this::purge);
      return;
    }
    context
        .sweeper()
        .purge(
            nextPurge, new LockSweeper.PurgeAges(settings.purgeAfter(), settings.markRetention()))
        .whenComplete(
            (done, error) -> {
              nextPurge = (nextPurge + LockSweeper.GROUP) % NodeName.BUCKETS;
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
