package dev.fencepost.backend.redis;

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
final class Housekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
  private static final long BEAT_MILLIS = 1_000;
  private static final long EXPIRE_EVERY_MILLIS = 20;
  private static final long FAREWELL_SECONDS = 2;

  private final Store store;
  private final Reads reads;
  private final Deadlines deadlines;
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
  private volatile boolean begun;
  private int turn;

  Housekeeping(Store store, Reads reads, Deadlines deadlines, Replica self) {
    this.store = store;
    this.reads = reads;
    this.deadlines = deadlines;
    this.self = self;
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Begins to tell late calls. */
  @SuppressWarnings("FutureReturnValueIgnored") // Telling the late ones cannot fail.
  void startDeadlines() {
    executor.scheduleWithFixedDelay(
        deadlines::expire, EXPIRE_EVERY_MILLIS, EXPIRE_EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Begins the rest, once every bucket has been settled. */
  @SuppressWarnings("FutureReturnValueIgnored") // A beat reports its own failures.
  void start() {
    begun = true;
    executor.scheduleWithFixedDelay(this::beat, BEAT_MILLIS, BEAT_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** The replica's entry has this form from now on. */
  CompletionStage<Boolean> announce(Replica changed) {
    self = changed;
    return reads.announce(changed).thenApply(info -> true);
  }

  /** A connection broke or was made: who serves from now on may be another than before. */
  void doubt() {
    store.buckets().doubt();
    unsettled.set(true);
  }

  /** Settles every bucket soon, if that is not known to be of no use. */
  void settleSoon() {
    if (begun) {
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
    List<CompletableFuture<Buckets.Settled>> all = new ArrayList<>();
    for (int bucket = 0; bucket < Keys.BUCKETS; bucket++) {
      all.add(store.settle(bucket).toCompletableFuture());
    }
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> summary(all.stream().map(CompletableFuture::join).toList()));
  }

  /** Removes the replica's entry, if the store answers soon. */
  @Override
  public void close() {
    begun = false;
    try {
      reads.depart(self.id()).toCompletableFuture().get(FAREWELL_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("Redis does not answer; its entry of this replica will time out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdown();
  }

  private void beat() {
    if (!begun) {
      return;
    }
    try {
      store.link().ping().forEach(ping -> report("ask for a sign of life", ping));
      report("say that it lives", reads.announce(self));
      settleSome();
      settleIfNeeded();
    } catch (RuntimeException e) {
      reported("do its chores", e);
    }
  }

  /** One bucket of each master, another each time. */
  private void settleSome() {
    turn = (turn + 1) % Keys.BUCKETS;
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < Keys.BUCKETS; i++) {
      int bucket = (turn + i) % Keys.BUCKETS;
      byte[] key = store.keys().beginning(bucket);
      if (asked.add(store.link().masterOf(key))) {
        report("settle a bucket", store.settle(bucket).whenComplete(this::compare));
      }
    }
  }

  private void compare(Buckets.Settled settled, Throwable error) {
    if (error != null) {
      unsettled.set(true);
    } else if (settled.news()) {
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
    report(
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
    for (String master : store.link().masters()) {
      report(
          "load its scripts",
          store.link().master(master).thenAccept(node -> store.buckets().scripts().load(node)));
    }
  }

  private static long summary(List<Buckets.Settled> all) {
    long lost = all.stream().filter(Buckets.Settled::lost).count();
    if (lost > 0) {
      LOG.warn(
          "Redis lost something that this replica knows in {} of {} buckets: nothing is granted in"
              + " them until grants that this replica remembers have ended",
          lost,
          Keys.BUCKETS);
    } else if (all.stream().anyMatch(Buckets.Settled::news)) {
      LOG.info("Redis goes on with all that this replica knows, from a new beginning");
    }
    return all.stream()
        .mapToLong(Buckets.Settled::quietMillis)
        .filter(millis -> millis <= Seen.LEAST_QUIET_MILLIS)
        .max()
        .orElse(0);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // What it reports is all that happens.
  private void report(String what, CompletionStage<?> chore) {
    chore.whenComplete(
        (done, error) -> {
          if (error != null) {
            reported(what, error);
          } else if (failing.compareAndSet(true, false)) {
            LOG.info("Redis answers this replica again");
          }
        });
  }

  private void reported(String what, Throwable error) {
    if (begun && failing.compareAndSet(false, true)) {
      LOG.warn("This replica could not {}: {}", what, Trouble.of(error).getMessage());
    }
  }
}
