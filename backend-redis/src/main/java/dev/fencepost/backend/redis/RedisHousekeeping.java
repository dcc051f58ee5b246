package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.BucketStates;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadlines;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The periodic work of a replica. Every second it sends a heartbeat and settles one bucket of each
 * master, another one each time. So each connection has traffic, and a dead one is noticed, as well
 * as an emptied store or another run that serves.
 *
 * <p>All buckets are settled after each new connection, and when a bucket has an unknown beginning
 * or could not be settled. This is repeated until all have answered. In a cluster the library keeps
 * opening connections to discover nodes, so there a new connection matters only while a bucket
 * could not be settled.
 */
final class RedisHousekeeping implements RedisConnectionStateListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RedisHousekeeping.class);
  private static final Duration HEARTBEAT_PAUSE = Duration.ofSeconds(1);
  private static final long DEPART_TIMEOUT_SECONDS = 2;

  private final ScriptRunner runner;
  private final ReplicaRegistry registry;
  private final CallDeadlines deadlines;
  private final AtomicBoolean unsettled = new AtomicBoolean();
  private final AtomicBoolean settling = new AtomicBoolean();
  private final AtomicBoolean failing = new AtomicBoolean();
  private volatile Replica self;
  private volatile boolean started;
  private int nextBucket;

  RedisHousekeeping(
      ScriptRunner runner, ReplicaRegistry registry, CallDeadlines deadlines, Replica self) {
    this.runner = runner;
    this.registry = registry;
    this.deadlines = deadlines;
    this.self = self;
  }

  /** Starts the periodic work. Called once all buckets have been settled. */
  void start() {
    started = true;
    deadlines.repeat(this::sendHeartbeat, HEARTBEAT_PAUSE);
  }

  /** Writes the replica's entry, now and with each later heartbeat. */
  CompletionStage<Void> announce(Replica changed) {
    self = changed;
    return registry.announce(changed).thenAccept(info -> {});
  }

  @Override
  public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress address) {
    onRedisDisconnected(connection);
    settleSoon();
  }

  /** Invalidates all buckets: another run may serve them. */
  @Override
  public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
    if (!runner.connections().isCluster()) {
      runner.buckets().invalidateAll();
      unsettled.set(true);
    }
  }

  /**
   * Settles all buckets.
   *
   * @return the longest quiet time in ms, leaving out buckets that are quiet for longer than
   *     replicas need to come back
   */
  CompletableFuture<Long> settleAll() {
    return AsyncCalls.all(IntStream.range(0, RedisSchema.BUCKETS).mapToObj(runner::settle).toList())
        .thenApply(RedisHousekeeping::summarize);
  }

  /** Removes the replica's entry, if the store answers soon. */
  @Override
  public void close() {
    started = false;
    try {
      registry
          .depart(self.id())
          .toCompletableFuture()
          .get(DEPART_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("Redis does not answer; its entry of this replica will time out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sendHeartbeat() {
    if (!started) {
      return;
    }
    try {
      runner.connections().ping().forEach(ping -> logOutcome("ping Redis", ping));
      logOutcome("send its heartbeat", registry.announce(self));
      settleNextBuckets();
      settleIfNeeded();
    } catch (RuntimeException e) {
      logFailure("do its periodic work", e);
    }
  }

  /** Settles one bucket of each master, another one each time. */
  private void settleNextBuckets() {
    nextBucket = (nextBucket + 1) % RedisSchema.BUCKETS;
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < RedisSchema.BUCKETS; i++) {
      int bucket = (nextBucket + i) % RedisSchema.BUCKETS;
      byte[] key = runner.schema().beginning(bucket);
      if (asked.add(runner.connections().masterOf(key))) {
        logOutcome("settle a bucket", runner.settle(bucket).whenComplete(this::onSettled));
      }
    }
  }

  /** Settles all buckets soon, if one of them may have changed. */
  @SuppressWarnings("FutureReturnValueIgnored") // Nobody waits for the search.
  private void settleSoon() {
    if (started) {
      deadlines.after(Duration.ZERO, this::settleIfNeeded);
    }
  }

  private void onSettled(BucketStates.Settlement settled, Throwable error) {
    if (error != null) {
      unsettled.set(true);
    } else if (settled.changed()) {
      unsettled.set(true);
      settleSoon();
    }
  }

  private void settleIfNeeded() {
    if (!unsettled.get() || !settling.compareAndSet(false, true)) {
      return;
    }
    unsettled.set(false);
    logOutcome(
        "look for lost state",
        AsyncCalls.start(this::loadScriptsAndSettleAll)
            .whenComplete(
                (quiet, error) -> {
                  if (error != null) {
                    unsettled.set(true);
                  }
                  settling.set(false);
                }));
  }

  private CompletableFuture<Long> loadScriptsAndSettleAll() {
    loadScripts();
    return settleAll();
  }

  private void loadScripts() {
    for (String master : runner.connections().masters()) {
      logOutcome(
          "load its scripts",
          runner.connections().master(master).thenApply(runner.buckets()::loadScripts));
    }
  }

  private static long summarize(List<BucketStates.Settlement> all) {
    long lost = all.stream().filter(BucketStates.Settlement::lost).count();
    if (lost > 0) {
      LOG.warn(
          "Redis lost state that this replica remembers, in {} of {} buckets: nothing is granted in"
              + " them until the grants that this replica remembers have ended",
          lost,
          RedisSchema.BUCKETS);
    } else if (all.stream().anyMatch(BucketStates.Settlement::changed)) {
      LOG.info("Another run of Redis serves, and lacks nothing that this replica remembers");
    }
    return all.stream()
        .mapToLong(BucketStates.Settlement::quietMillis)
        .filter(millis -> millis <= TokenFloors.MIN_QUIET_MILLIS)
        .max()
        .orElse(0);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The callback only logs.
  private void logOutcome(String what, CompletionStage<?> task) {
    task.whenComplete(
        (done, error) -> {
          if (error != null) {
            logFailure(what, error);
          } else if (failing.compareAndSet(true, false)) {
            LOG.info("Redis answers this replica again");
          }
        });
  }

  private void logFailure(String what, Throwable error) {
    if (started && failing.compareAndSet(false, true)) {
      LOG.warn("This replica could not {}: {}", what, RedisErrors.of(error).getMessage());
    }
  }
}
