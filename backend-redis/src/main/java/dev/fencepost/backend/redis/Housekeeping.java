package dev.fencepost.backend.redis;

import dev.fencepost.lock.Replica;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
 * What a replica does by itself, every second: it says that it lives, sees whether a bucket was
 * begun anew without its knowledge, and keeps something passing on every connection, so that a dead
 * one is noticed. After each new connection it loads the scripts and looks at every bucket for lost
 * state, before others grant what it knows to be held.
 */
final class Housekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
  private static final long BEAT_MILLIS = 1_000;
  private static final long EXPIRE_EVERY_MILLIS = 20;
  private static final long FAREWELL_SECONDS = 2;
  private static final byte[] NOTHING = new byte[0];

  private final Store store;
  private final Reads reads;
  private final Deadlines deadlines;
  private final byte[][] ages = new byte[Keys.BUCKETS][];
  private final AtomicBoolean connectedAnew = new AtomicBoolean();
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

  Housekeeping(Store store, Reads reads, Deadlines deadlines, Replica self) {
    this.store = store;
    this.reads = reads;
    this.deadlines = deadlines;
    this.self = self;
    Arrays.fill(ages, NOTHING);
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

  /** A connection was made, perhaps to another server than before. */
  void connected() {
    if (begun && connectedAnew.compareAndSet(false, true)) {
      try {
        executor.execute(this::beat);
      } catch (java.util.concurrent.RejectedExecutionException e) {
        LOG.debug("A connection was made while the backend closes");
      }
    }
  }

  /** Looks at every bucket; what has none of its state begins anew. */
  CompletableFuture<Boolean> settleAll() {
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    for (int bucket = 0; bucket < Keys.BUCKETS; bucket++) {
      all.add(settle(bucket).toCompletableFuture());
    }
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> true);
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
      if (connectedAnew.compareAndSet(true, false)) {
        loadScripts();
        report("look for lost state", settleAll());
      } else {
        report("compare the buckets' ages", compareAges());
      }
    } catch (RuntimeException e) {
      reported("do its chores", e);
    }
  }

  private void loadScripts() {
    for (String master : store.link().masters()) {
      report(
          "load its scripts",
          store.link().master(master).thenAccept(node -> store.scripts().load(node)));
    }
  }

  private CompletionStage<Boolean> compareAges() {
    return store
        .command(redis -> redis.mget(store.keys().ages()), found -> found)
        .thenApply(
            found -> {
              for (int bucket = 0; bucket < ages.length; bucket++) {
                byte[] age = found.get(bucket).getValueOrElse(NOTHING);
                if (!Arrays.equals(age, known(bucket))) {
                  report("settle a bucket that began anew", settle(bucket));
                }
              }
              return true;
            });
  }

  private CompletionStage<Boolean> settle(int bucket) {
    Seen seen = store.seen();
    return store.other(
        Script.SETTLE,
        new Scripts.Arguments(
            new byte[][] {
              store.keys().age(bucket), store.keys().tokens(bucket), store.keys().age(bucket)
            },
            seen.selfText(),
            seen.leastToken(),
            seen.lastToken(bucket),
            Digits.of(seen.quietMillis()),
            known(bucket)),
        age -> {
          if (!Arrays.equals(age, known(bucket)) && known(bucket).length > 0) {
            LOG.warn(
                "Redis lost what it knew of bucket {}: nothing is granted in it until grants that"
                    + " this replica remembers have ended",
                bucket);
          }
          know(bucket, age);
          return true;
        });
  }

  private byte[] known(int bucket) {
    synchronized (ages) {
      return ages[bucket];
    }
  }

  private void know(int bucket, byte[] age) {
    synchronized (ages) {
      ages[bucket] = age;
    }
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
