package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperConnections;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.backend.zookeeper.lock.LockSweeper;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadlines;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reacts when the connection comes and goes. Requests pass only between a finished setup and the
 * next disconnect. Outside of that time nothing is granted and nothing is confirmed.
 *
 * <p>The setup is the same for a new session and for one that continues. It checks that the store's
 * nodes exist, registers this replica, replaces the base of tokens, drops the queue nodes of an
 * earlier session, and reads the locks whose last write had no answer. Safe for use by many
 * threads.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // Each stage that starts here ends in its own whenComplete.
final class ConnectionLifecycle implements ZookeeperConnections.ConnectionListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionLifecycle.class);
  private static final Duration RETRY_PAUSE = Duration.ofMillis(200);
  private static final Duration SWEEP_PAUSE = Duration.ofMillis(100);
  private static final Duration PURGE_PAUSE = Duration.ofSeconds(15);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final ZookeeperStore store;
  private final CallDeadlines timers;
  private final LockSweeper.PurgeAges purgeAges;
  private final ZookeeperConnections connections;
  private final CompletableFuture<Boolean> opening = new CompletableFuture<>();
  private final AtomicBoolean isSweepScheduled = new AtomicBoolean();
  private final AtomicBoolean isPurging = new AtomicBoolean();
  private @Nullable ZookeeperClient currentClient;
  private long connectionCount;
  private boolean closed;
  private Optional<String> storeId = Optional.empty();
  private volatile int nextPurge;
  private volatile String lastWarning = "";

  /** Creates the lifecycle of a store, whose components take part in each setup. */
  ConnectionLifecycle(ZookeeperSettings settings, ZookeeperStore store, CallDeadlines timers) {
    this.store = store;
    this.timers = timers;
    this.purgeAges = new LockSweeper.PurgeAges(settings.purgeAfter(), settings.markRetention());
    this.connections = new ZookeeperConnections(settings, this);
  }

  /** Connects. The stage completes after the first setup. */
  CompletableFuture<Boolean> open() {
    ZookeeperBackend.onThread(
        "fencepost-zookeeper-open",
        () -> {
          try {
            connections.start();
            if (isClosed()) {
              connections.close();
              return;
            }
            connections.findTlsFault().ifPresent(this::onTlsRefused);
          } catch (RuntimeException e) {
            opening.completeExceptionally(e);
          }
        });
    return opening;
  }

  @Override
  public synchronized void onConnected(ZookeeperClient client) {
    if (closed) {
      return;
    }
    currentClient = client;
    setUp(client, ++connectionCount);
  }

  @Override
  public synchronized void onDisconnected(ZookeeperClient client) {
    if (currentClient == client) {
      store.gate.close();
      currentClient = null;
      connectionCount++;
    }
  }

  @Override
  public void onAuthenticationRefused() {
    opening.completeExceptionally(
        new StoreConfigurationException(
            "ZooKeeper does not accept these credentials: check store options user and password,"
                + " or sasl-section and the JAAS configuration"));
  }

  private void onTlsRefused(String why) {
    opening.completeExceptionally(new StoreConfigurationException("ZooKeeper: " + why));
  }

  /** Schedules a sweep over all locks, because a replica may have left some behind. */
  void scheduleSweep() {
    if (isSweepScheduled.compareAndSet(false, true)) {
      timers.after(
          SWEEP_PAUSE,
          () -> {
            isSweepScheduled.set(false);
            sweep();
          });
    }
  }

  @Override
  public void close() {
    ZookeeperClient client;
    synchronized (this) {
      closed = true;
      client = currentClient;
      currentClient = null;
      connectionCount++;
      store.gate.close();
    }
    if (client != null) {
      try {
        store.registry.unregister(client).get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        LOG.warn("ZooKeeper does not answer; its entry of this replica will time out");
      }
    }
    connections.close();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void setUp(ZookeeperClient client, long connection) {
    store.clock.reset();
    store
        .bootstrap
        .ensureExists(client)
        .thenCompose(
            id -> {
              recordStoreId(id);
              return store.registry.register(client);
            })
        .thenCompose(registered -> store.registry.follow(client))
        .thenCompose(following -> store.tokenBases.replace(client))
        .whenComplete(
            (base, error) -> {
              if (error == null) {
                onSetUp(client, connection);
              } else {
                onSetUpFailed(client, connection, error);
              }
            });
  }

  private void onSetUp(ZookeeperClient client, long connection) {
    boolean first;
    synchronized (this) {
      if (connection != connectionCount) {
        return;
      }
      first = !opening.isDone();
      // First: no request may rely on the queue nodes of an older session.
      store.queueNodes.startSession(client);
      store.gate.open(client);
    }
    store.stateTimers.resolveDoubts();
    if (first) {
      sweep();
      timers.repeat(this::purge, PURGE_PAUSE);
    }
    opening.complete(true);
  }

  private void onSetUpFailed(ZookeeperClient client, long connection, Throwable error) {
    RuntimeException failure = ZookeeperErrors.toException(error);
    synchronized (this) {
      if (connection != connectionCount) {
        return;
      }
    }
    if (failure instanceof StoreConfigurationException && opening.completeExceptionally(failure)) {
      return;
    }
    warnOnce("Connected to ZooKeeper, but the setup failed: ", failure);
    timers.after(
        RETRY_PAUSE,
        () -> {
          synchronized (this) {
            if (connection == connectionCount) {
              setUp(client, connection);
            }
          }
        });
  }

  /** Logs a failure once. Broken connections and repeated failures are not logged. */
  private void warnOnce(String what, Throwable error) {
    RuntimeException failure = ZookeeperErrors.toException(error);
    boolean isBroken =
        failure instanceof StoreException known && known.failure() == Failure.STORE_UNREACHABLE;
    String warning = what + failure.getMessage();
    if (!isBroken && !warning.equals(lastWarning)) {
      lastWarning = warning;
      LOG.warn("{}", warning);
    }
  }

  private synchronized void recordStoreId(String id) {
    if (storeId.filter(known -> !known.equals(id)).isPresent()) {
      LOG.warn("Another store answers now: id {} instead of {}", id, storeId.orElseThrow());
      store.existingLocks.clear();
    }
    storeId = Optional.of(id);
  }

  private void sweep() {
    store
        .sweeper
        .findOrphans()
        .whenComplete(
            (done, error) -> {
              if (error != null) {
                warnOnce("Could not scan for the locks of lost servers, trying again: ", error);
                timers.after(RETRY_PAUSE.multipliedBy(5), this::scheduleSweep);
              }
            });
  }

  /** Purges some buckets, if this replica does that for all and has done the former ones. */
  private void purge() {
    if (store.registry.isFirst() && isPurging.compareAndSet(false, true)) {
      store
          .sweeper
          .purge(nextPurge, purgeAges)
          .whenComplete(
              (done, error) -> {
                nextPurge = (nextPurge + LockSweeper.BUCKETS_AT_ONCE) % NodeName.BUCKETS;
                isPurging.set(false);
              });
    }
  }
}
