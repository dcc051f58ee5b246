package dev.fencepost.shedlock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What ShedLock's test support asks of each provider, of an extensible one, and its fuzz. */
abstract class LockProviderContract {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration MOMENT = Duration.ofMillis(50);
  private static final Duration NOT_AT_LEAST = Duration.ZERO;
  private static final int FUZZ_THREADS = 8;
  private static final int FUZZ_ROUNDS = 25;

  private final String task = "task-" + UUID.randomUUID();
  private FencepostServer server;
  private FencepostClient client;
  private FencepostLockProvider provider;

  abstract String store();

  @BeforeEach
  void start() throws Exception {
    Map<String, String> flags =
        Map.of("store", store(), "listen", "127.0.0.1:0", "http-listen", "off");
    server = FencepostServer.start(ServerConfig.load(flags, Map.of()));
    client = FencepostClient.connect("127.0.0.1:" + server.port());
    provider = new FencepostLockProvider(client);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void freeLock_isTaken() {
    SimpleLock lock = taken(LONG, NOT_AT_LEAST);
    assertRefused();
    lock.unlock();
    assertFree();
  }

  @Test
  void takenLock_isRefused() {
    taken(LONG, NOT_AT_LEAST);
    assertRefused();
    assertRefused();
  }

  @Test
  void twoNames_areTwoLocks() {
    taken(LONG, NOT_AT_LEAST);
    assertThat(provider.lock(configuration("other-" + task, LONG, NOT_AT_LEAST))).isPresent();
  }

  @Test
  void unlockedLock_isTakenAgain() {
    taken(LONG, NOT_AT_LEAST).unlock();
    taken(LONG, NOT_AT_LEAST).unlock();
    assertFree();
  }

  @Test
  void lockAtMostFor_endsTheLockThoughItsTaskRuns() {
    taken(MOMENT, NOT_AT_LEAST);
    assertFreeInTheEnd();
  }

  @Test
  void lockThatWasNotUnlocked_canBeUnlockedLate() {
    SimpleLock late = taken(MOMENT, NOT_AT_LEAST);
    assertFreeInTheEnd();
    late.unlock();
  }

  @Test
  void lateUnlock_leavesTheNextLockAlone() {
    SimpleLock late = taken(Duration.ofMillis(1), NOT_AT_LEAST);
    await().until(() -> provider.lock(configuration(task, LONG, NOT_AT_LEAST)).isPresent());
    late.unlock();
    assertRefused();
  }

  @Test
  void lockAtLeastFor_keepsTheLockClosed() {
    taken(LONG, LONG).unlock();
    assertRefused();
  }

  @Test
  void lockAtLeastFor_endsByItself() {
    taken(LONG, Duration.ofMillis(500)).unlock();
    assertFreeInTheEnd();
  }

  @Test
  void extendedLock_staysTaken() {
    SimpleLock lock = taken(MOMENT.multipliedBy(40), NOT_AT_LEAST);
    SimpleLock extended = lock.extend(LONG, NOT_AT_LEAST).orElseThrow();
    assertRefused();
    extended.unlock();
    assertFree();
  }

  @Test
  void extendedLock_endsAtItsOwnTime() {
    assertThat(taken(LONG, NOT_AT_LEAST).extend(MOMENT, NOT_AT_LEAST)).isPresent();
    assertFreeInTheEnd();
  }

  @Test
  void extendedLock_canBeExtendedAgain() {
    SimpleLock extended = taken(LONG, NOT_AT_LEAST).extend(LONG, NOT_AT_LEAST).orElseThrow();
    assertThat(extended.extend(LONG, NOT_AT_LEAST)).isPresent();
    assertRefused();
  }

  @Test
  void extension_takesAnotherLockAtLeastFor() {
    taken(LONG, NOT_AT_LEAST).extend(LONG, LONG).orElseThrow().unlock();
    assertRefused();
  }

  @Test
  void lockBeforeAnExtension_isOver() {
    SimpleLock lock = taken(LONG, NOT_AT_LEAST);
    assertThat(lock.extend(LONG, NOT_AT_LEAST)).isPresent();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> lock.extend(LONG, NOT_AT_LEAST))
        .isInstanceOf(IllegalStateException.class);
    assertRefused();
  }

  @Test
  void unlockedLock_isNotExtended() {
    SimpleLock lock = taken(LONG, NOT_AT_LEAST);
    lock.unlock();
    assertThatThrownBy(() -> lock.extend(LONG, NOT_AT_LEAST))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void expiredLock_isNotExtended() {
    SimpleLock late = taken(Duration.ofMillis(1), NOT_AT_LEAST);
    assertFreeInTheEnd();
    assertThat(late.extend(LONG, NOT_AT_LEAST)).isEmpty();
  }

  /** A counter that only the lock guards, and that loses an increment where two run at once. */
  @Test
  void manyThreads_areOneAtATime() throws Exception {
    int[] counter = new int[1];
    ExecutorService threads = Executors.newFixedThreadPool(FUZZ_THREADS);
    try {
      List<Callable<Integer>> work = new ArrayList<>();
      for (int i = 0; i < FUZZ_THREADS; i++) {
        work.add(() -> increment(counter));
      }
      int expected = 0;
      for (Future<Integer> each : threads.invokeAll(work, 2, TimeUnit.MINUTES)) {
        expected += each.get();
      }
      assertThat(expected).isPositive();
      assertThat(counter[0]).isEqualTo(expected);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void runningTask_hasItsToken() {
    assertThatThrownBy(provider::token).isInstanceOf(IllegalStateException.class);
    SimpleLock first = taken(LONG, NOT_AT_LEAST);
    long earlier = provider.token().value();
    first.unlock();
    SimpleLock second = taken(LONG, NOT_AT_LEAST);
    assertThat(provider.token().value()).isGreaterThan(earlier);
    second.unlock();
    assertThatThrownBy(provider::token).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void lateTask_keepsItsStaleToken() {
    SimpleLock late = taken(MOMENT, NOT_AT_LEAST);
    long stale = provider.token().value();
    await().until(() -> client.lock(task).tryAcquire().isPresent());
    assertThat(provider.token().value()).isEqualTo(stale);
    late.unlock();
  }

  private Integer increment(int[] counter) {
    int done = 0;
    for (int i = 0; i < FUZZ_ROUNDS; i++) {
      Optional<SimpleLock> lock = provider.lock(configuration(task, LONG, NOT_AT_LEAST));
      if (lock.isPresent()) {
        int read = counter[0];
        Thread.onSpinWait();
        counter[0] = read + 1;
        lock.get().unlock();
        done++;
      }
    }
    return done;
  }

  private SimpleLock taken(Duration atMost, Duration atLeast) {
    return provider.lock(configuration(task, atMost, atLeast)).orElseThrow();
  }

  private void assertRefused() {
    assertThat(provider.lock(configuration(task, LONG, NOT_AT_LEAST))).isEmpty();
  }

  private void assertFree() {
    Optional<SimpleLock> lock = provider.lock(configuration(task, LONG, NOT_AT_LEAST));
    assertThat(lock).isPresent();
    lock.get().unlock();
  }

  private void assertFreeInTheEnd() {
    await()
        .until(
            () -> {
              Optional<SimpleLock> lock = provider.lock(configuration(task, LONG, NOT_AT_LEAST));
              lock.ifPresent(SimpleLock::unlock);
              return lock.isPresent();
            });
  }

  private static LockConfiguration configuration(String name, Duration atMost, Duration atLeast) {
    return new LockConfiguration(ClockProvider.now(), name, atMost, atLeast);
  }
}
