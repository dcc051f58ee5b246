package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.TimeoutSweeper;
import dev.fencepost.backend.redis.script.BucketStates;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.TokenMemory;
import dev.fencepost.lock.Replica;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a replica does by itself, every second: it says that it lives, and settles one bucket of
 * each master, in turn. So something passes on every connection, a dead one is noticed, and a store
 * that was emptied, or another run that serves, as well. After each new connection, and when a
 * bucket has another beginning than it knows, or cannot be settled, it settles every bucket, again
 * and again until all have answered.
 */
final class RedisHousekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RedisHousekeeping.class);
  private static final long HEARTBEAT_MILLIS = 1_000;
  private static final long SWEEP_TIMEOUTS_MILLIS = 20;
  private static final long DEPART_TIMEOUT_SECONDS = 2;

  private final ScriptRunner runner;
  private final ReplicaRegistry registry;
  private final TimeoutSweeper timeouts;
  private final AtomicBoolean unsettled = new AtomicBoolean();
  private final AtomicBoolean settling = new AtomicBoolean();
  private final AtomicBoolean failing = new AtomicBoolean();
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "fencepost-redis-housekeeping");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Replica self;
  private volatile boolean started;
  private int nextBucket;

  RedisHousekeeping(
      ScriptRunner runner, ReplicaRegistry registry, TimeoutSweeper timeouts, Replica self) {
    this.runner = runner;
    this.registry = registry;
    this.timeouts = timeouts;
    this.self = self;
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Begins to tell late calls. */
  @SuppressWarnings("FutureReturnValueIgnored") // Telling the late ones cannot fail.
  void startTimeouts() {
    executor.scheduleWithFixedDelay(
        timeouts::sweep, SWEEP_TIMEOUTS_MILLIS, SWEEP_TIMEOUTS_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Begins the rest, once every bucket has been settled. */
  @SuppressWarnings("FutureReturnValueIgnored") // A beat reports its own failures.
  void startHeartbeat() {
    started = true;
    executor.scheduleWithFixedDelay(
        this::sendHeartbeat, HEARTBEAT_MILLIS, HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** The replica's entry has this form from now on. */
  CompletionStage<Boolean> announce(Replica changed) {
    self = changed;
    return registry.announce(changed).thenApply(info -> true);
  }

  /** A connection broke or was made: who serves from now on may be another than before. */
  void invalidateBuckets() {
    runner.buckets().invalidateAll();
    unsettled.set(true);
  }

  /** Settles every bucket soon, if that is not known to be of no use. */
  void settleSoon() {
    if (started) {
      try {
        executor.execute(this::settleIfNeeded);
      } catch (java.util.concurrent.RejectedExecutionException e) {
        LOG.debug("A connection was made while the backend closes");
      }
    }
  }

  /**
   * Settles every bucket.
   *
   * @return the longest time for which a bucket is quiet that is not quiet for longer than replicas
   *     need to come back
   */
  CompletableFuture<Long> settleAll() {
    List<CompletableFuture<BucketStates.Settlement>> all = new ArrayList<>();
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      all.add(runner.settle(bucket).toCompletableFuture());
    }
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> summarize(all.stream().map(CompletableFuture::join).toList()));
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
    executor.shutdown();
  }

  private void sendHeartbeat() {
    if (!started) {
      return;
    }
    try {
      runner.connections().ping().forEach(ping -> logOutcome("ask for a sign of life", ping));
      logOutcome("say that it lives", registry.announce(self));
      settleNextBuckets();
      settleIfNeeded();
    } catch (RuntimeException e) {
      logFailure("do its chores", e);
    }
  }

  /** One bucket of each master, another each time. */
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
    loadScripts();
    logOutcome(
        "look for lost state",
        settleAll()
            .whenComplete(
                (quiet, error) -> {
                  if (error != null) {
                    unsettled.set(true);
                  }
                  settling.set(false);
                }));
  }

  private void loadScripts() {
    for (String master : runner.connections().masters()) {
      logOutcome(
          "load its scripts",
          runner
              .connections()
              .master(master)
              .thenAccept(node -> runner.buckets().unboundScripts().load(node)));
    }
  }

  private static long summarize(List<BucketStates.Settlement> all) {
    long lost = all.stream().filter(BucketStates.Settlement::lost).count();
    if (lost > 0) {
      LOG.warn(
          "Redis lost something that this replica knows in {} of {} buckets: nothing is granted in"
              + " them until grants that this replica remembers have ended",
          lost,
          RedisSchema.BUCKETS);
    } else if (all.stream().anyMatch(BucketStates.Settlement::changed)) {
      LOG.info("Redis goes on with all that this replica knows, from a new beginning");
    }
    return all.stream()
        .mapToLong(BucketStates.Settlement::quietMillis)
        .filter(millis -> millis <= TokenMemory.MIN_QUIET_MILLIS)
        .max()
        .orElse(0);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // What it reports is all that happens.
  private void logOutcome(String what, CompletionStage<?> chore) {
    chore.whenComplete(
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
