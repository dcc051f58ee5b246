package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.process.ZookeeperServer.Sync;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Many locks and many waiters. */
final class ScaleTest {
  private static final int MANY = 100_000;
  private static final int AT_ONCE = 2_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final ZookeeperServer SERVER = new ZookeeperServer(Sync.NEVER, 1024);

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void hundredThousandNamesUsedOnce_leaveNothingBehind() throws InterruptedException {
    ZookeeperSchema schema = new ZookeeperSchema("/once");
    try (TestReplica replica = new TestReplica(uri(schema));
        ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + SERVER.port())) {
      List<Claim> claims = claims("once/", MANY);
      each(
          MANY,
          i ->
              replica
                  .backend()
                  .tryAcquire(claims.get(i), QueueIntent.NONE)
                  .thenCompose(
                      got -> replica.backend().release(ReleaseCommand.of(granted(got).ref()))));
      assertThat(locks(client, schema)).isEqualTo(MANY);
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(PATIENCE)
          .until(
              () -> {
                replica.purge(Duration.ZERO, Duration.ofDays(30));
                return locks(client, schema) == 0;
              });
      each(1, i -> replica.backend().tryAcquire(claims.get(i), QueueIntent.NONE));
    }
  }

  @Test
  void hundredThousandLocksHeld_areListedAndTakenOver() throws InterruptedException {
    ZookeeperSchema schema = new ZookeeperSchema("/held");
    String last = "held/" + (MANY - 1);
    Set<LockName> seen = new HashSet<>();
    try (TestReplica a = new TestReplica(uri(schema))) {
      List<Claim> claims = claims("held/", MANY - 1);
      each(MANY - 1, i -> a.backend().tryAcquire(claims.get(i), QueueIntent.NONE));
      try (TestReplica b = new TestReplica(uri(schema))) {
        a.acquire(last, Lease.of(Duration.ofSeconds(20)));
        a.backend().close();
        // b sees that a has left, reads all locks and expires all of them. The last lock may end
        // before that is done.
        await().atMost(PATIENCE).until(() -> b.store().stateTimers.size() >= MANY - 1);
        Optional<ListQuery.Cursor> after = Optional.empty();
        do {
          LockPage page = answer(b.backend().list(new ListQuery("held/", after, 1000)));
          page.locks().forEach(state -> seen.add(state.lock()));
          after = page.next();
        } while (after.isPresent());
        LockName ended = new LockName(last);
        seen.remove(ended);
        assertThat(seen).hasSize(MANY - 1);
        await()
            .atMost(PATIENCE)
            .until(() -> answer(b.backend().describe(List.of(ended))).get(0).holder().isEmpty());
      }
    }
  }

  @Test
  void watchesAndReads_doNotGrowWithTheWaiters() {
    ZookeeperSchema schema = new ZookeeperSchema("/waiters");
    try (TestReplica a = new TestReplica(uri(schema));
        TestReplica b = new TestReplica(uri(schema))) {
      long few = packetsPerHandOver(a, b, "few", 2);
      long many = packetsPerHandOver(a, b, "many", 500);
      assertThat(many).isLessThanOrEqualTo(few + 2);
    }
  }

  /**
   * Runs turns between two replicas with this many waiters each, with as many calls as the core
   * makes.
   */
  private static long packetsPerHandOver(
      TestReplica a, TestReplica b, String lock, int waitersEach) {
    TestReplica[] replicas = {a, b};
    Grant held = granted(answer(a.backend().tryAcquire(claim(lock), QueueIntent.STAY)));
    // The core asks once for all its waiters; later waiters only join its own queue.
    for (int i = 0; i < waitersEach; i++) {
      for (TestReplica replica : replicas) {
        assertThat(answer(replica.backend().tryAcquire(claim(lock), QueueIntent.STAY)))
            .isInstanceOf(Attempt.Busy.class);
      }
    }
    await().atMost(PATIENCE).until(() -> watches(busyPath(lock)) == 2);
    int turns = 20;
    long before = packets();
    for (int turn = 1; turn <= turns; turn++) {
      TestReplica from = replicas[(turn + 1) % 2];
      TestReplica to = replicas[turn % 2];
      Claim next = claim(lock);
      answer(from.backend().handOver(held.ref(), claim(lock), QueueIntent.YIELD));
      await()
          .pollInterval(Duration.ofMillis(1))
          .atMost(PATIENCE)
          .until(() -> !to.wakes().isEmpty());
      to.wakes().clear();
      held = granted(answer(to.backend().tryAcquire(next, QueueIntent.STAY)));
    }
    await().atMost(PATIENCE).until(() -> watches(busyPath(lock)) == 2);
    return (packets() - before) / turns;
  }

  private static String busyPath(String lock) {
    return new ZookeeperSchema("/waiters").busy(new LockName(lock));
  }

  /** Returns the number of watches on queue nodes of this lock. */
  private static long watches(String path) {
    return SERVER
        .ask("wchp")
        .orElseThrow()
        .lines()
        .filter(line -> line.startsWith(path + "/" + ZookeeperSchema.QUEUE_NODE_PREFIX))
        .count();
  }

  private static long packets() {
    Matcher received =
        Pattern.compile("Received: (\\d+)").matcher(SERVER.ask("srvr").orElseThrow());
    assertThat(received.find()).isTrue();
    return Long.parseLong(received.group(1));
  }

  /**
   * Returns one claim for each lock, with a lease that outlasts the test. Retries use the same
   * claim.
   */
  private static List<Claim> claims(String prefix, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> claim(prefix + i, Lease.of(Duration.ofHours(1))))
        .toList();
  }

  private static int locks(ZookeeperTestClient client, ZookeeperSchema schema) {
    int locks = 0;
    for (int i = 0; i < NodeName.BUCKETS; i++) {
      locks += client.children(schema.lockBucket(i)).size();
    }
    return locks;
  }

  /** An asynchronous operation. */
  private interface AsyncWork {
    CompletionStage<?> begin(int number);
  }

  /**
   * Runs the operation this many times, with a bounded number in flight. Retries unknown outcomes.
   */
  private static void each(int times, AsyncWork work) throws InterruptedException {
    Semaphore free = new Semaphore(AT_ONCE);
    Queue<Throwable> faults = new ConcurrentLinkedQueue<>();
    for (int i = 0; i < times; i++) {
      free.acquire();
      begin(work, i, free, faults);
    }
    free.acquire(AT_ONCE);
    assertThat(faults).isEmpty();
  }

  private static void begin(AsyncWork work, int number, Semaphore free, Queue<Throwable> faults) {
    work.begin(number)
        .whenComplete(
            (done, error) -> {
              if (TestReplica.isUnanswered(error)) {
                CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS)
                    .execute(() -> begin(work, number, free, faults));
                return;
              }
              if (error != null) {
                faults.add(error);
              }
              free.release();
            });
  }

  private static String uri(ZookeeperSchema schema) {
    return "zookeeper://127.0.0.1:" + SERVER.port() + schema.root();
  }
}
