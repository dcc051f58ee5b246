package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.server.FencepostServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real replicas that come and go. */
class ManyReplicasTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final TestCluster cluster = TestCluster.of(3);
  private final Queue<GrantLoss> losses = new ConcurrentLinkedQueue<>();

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void oneAddress_isEnoughToFindAll() throws Exception {
    try (FencepostClient client =
        FencepostClient.connect("127.0.0.1:" + cluster.server(0).port())) {
      meetAll(client, 1);
    }
    await().untilAsserted(() -> assertThat(cluster.sessions()).containsOnly(0));
  }

  @Test
  void waitersOfOneLock_meetOnOneReplica() throws Exception {
    try (FencepostClient one = FencepostClient.connect(cluster.target())) {
      meetAll(one, 1);
      try (FencepostClient other = FencepostClient.connect(cluster.target())) {
        meetAll(other, 2);
        LockHandle held = one.lock("meeting").acquire(LONG);
        CompletableFuture<LockHandle> first = one.lock("meeting").acquireAsync(LONG);
        await().until(() -> cluster.waiters("meeting") == 1);
        CompletableFuture<LockHandle> second = other.lock("meeting").acquireAsync(LONG);
        await().until(() -> cluster.waiters("meeting") == 2);
        assertThat(cluster.waitersByReplica("meeting")).containsOnlyOnce(2);
        first.cancel(false);
        second.cancel(false);
        held.close();
      }
    }
  }

  @Test
  void killedReplica_itsLocksAreKept_andItsWaitersServed() throws Exception {
    try (FencepostClient client = FencepostClient.connect(cluster.target())) {
      List<LockHandle> locks = take(client, 40);
      List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
      locks.forEach(lock -> waiting.add(client.lock(lock.name()).acquireAsync(LONG)));

      cluster.server(1).close();
      locks.forEach(LockHandle::close);
      for (CompletableFuture<LockHandle> each : waiting) {
        each.get(30, TimeUnit.SECONDS).close();
      }
      assertThat(losses).isEmpty();
    }
  }

  @Test
  void rollingRestart_losesNothing_andNoCallFails() throws Exception {
    try (FencepostClient client = FencepostClient.connect(cluster.target())) {
      List<LockHandle> locks = take(client, 40);
      List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
      locks.forEach(lock -> waiting.add(client.lock(lock.name()).acquireAsync(LONG)));
      await()
          .until(() -> locks.stream().mapToInt(each -> cluster.waiters(each.name())).sum() == 40);

      for (int i = 0; i < 3; i++) {
        FencepostServer old = cluster.server(i);
        old.drain();
        cluster.startAt(old.port());
        try (LockHandle during = client.lock("during/" + i).acquire(LONG)) {
          assertThat(during.isHeld()).isTrue();
        }
      }
      assertThat(locks).allMatch(LockHandle::isHeld);
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      locks.forEach(LockHandle::close);
      for (CompletableFuture<LockHandle> each : waiting) {
        each.get(30, TimeUnit.SECONDS).close();
      }
      assertThat(losses).isEmpty();
    }
  }

  @Test
  void loadWhileReplicasComeAndGo_neverStandsStill() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicBoolean isOver = new AtomicBoolean();
    LongAdder pairs = new LongAdder();
    try (FencepostClient client = FencepostClient.connect(cluster.target())) {
      List<Future<?>> load = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int first = i;
        load.add(
            threads.submit(
                () -> {
                  for (int j = first; !isOver.get(); j++) {
                    client.lock("busy/" + j % 7).acquire(LONG).close();
                    pairs.increment();
                  }
                  return null;
                }));
      }
      for (int i = 0; i < 9; i++) {
        long before = pairs.sum();
        await().atMost(LONG).until(() -> pairs.sum() > before + 200);
        FencepostServer old = cluster.server(i);
        if (i % 2 == 0) {
          old.close();
        } else {
          old.drain();
        }
        cluster.startAt(old.port());
      }
      isOver.set(true);
      for (Future<?> each : load) {
        each.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void allReplicasGone_waitersWaitOn_untilOneIsBack() throws Exception {
    try (FencepostClient client = FencepostClient.connect(cluster.target())) {
      LockHandle held = client.lock("outage").acquire(LONG);
      CompletableFuture<LockHandle> waiting = client.lock("outage").acquireAsync(LONG);
      int port = cluster.server(0).port();
      for (int i = 0; i < 3; i++) {
        cluster.server(i).close();
      }
      held.close();
      cluster.startAt(port);
      waiting.get(30, TimeUnit.SECONDS).close();
      assertThat(client.awaitReady(LONG)).isTrue();
    }
  }

  @Test
  void close_releasesWhatIsHeld_andWithdrawsWhatWaits() throws Exception {
    FencepostClient client = FencepostClient.connect(cluster.target());
    LockHandle held = client.lock("left").acquire(LONG);
    CompletableFuture<LockHandle> waiting = client.lock("left").acquireAsync(LONG);
    await().until(() -> cluster.waiters("left") == 1);
    client.close();
    assertThat(held.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(waiting).isCompletedExceptionally();
    try (FencepostClient next = FencepostClient.connect(cluster.target())) {
      assertThat(next.lock("left").tryAcquire()).hasValueSatisfying(LockHandle::close);
    }
    await().untilAsserted(() -> assertThat(cluster.sessions()).containsOnly(0));
  }

  /** Returns when each replica has this many streams of clients. */
  private void meetAll(FencepostClient client, int sessions) {
    await()
        .untilAsserted(
            () -> {
              take(client, 60).forEach(LockHandle::close);
              assertThat(cluster.sessions()).as("a stream for each").containsOnly(sessions);
            });
  }

  private List<LockHandle> take(FencepostClient client, int count) throws InterruptedException {
    List<LockHandle> locks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      locks.add(client.lock("lock/" + i).acquire(LONG).onLost(losses::add));
    }
    return locks;
  }
}
