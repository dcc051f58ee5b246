package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.client.internal.lock.MultiHandleImpl;
import dev.fencepost.client.support.TestCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several locks share one deadline. */
class MultiHandleTest {
  @Test
  void deadlineThatIsOver_endsTheTakingOfFurtherLocks() throws Exception {
    ManualTime time = new ManualTime();
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient client = FencepostClient.connect(cluster.target())) {
      List<String> tried = new ArrayList<>();
      List<FencepostLock> locks = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        locks.add(slow(client.lock("lock-" + i), time, tried));
      }

      LockNotGrantedException refused =
          catchThrowableOfType(
              LockNotGrantedException.class,
              () -> MultiHandleImpl.acquire(locks, Duration.ofMillis(200), time));

      assertThat(refused).hasMessageContaining("lock-2");
      assertThat(refused.reason()).isEqualTo(LockNotGrantedException.Reason.TIMED_OUT);
      assertThat(tried).containsExactly("lock-0", "lock-1");
      for (FencepostLock lock : locks) {
        client.lock(lock.name()).acquire(Duration.ofSeconds(30)).close();
      }
    }
  }

  @Test
  void noWait_triesAllOfThemOnce() throws Exception {
    ManualTime time = new ManualTime();
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient client = FencepostClient.connect(cluster.target())) {
      List<String> tried = new ArrayList<>();
      List<FencepostLock> locks =
          List.of(slow(client.lock("one"), time, tried), slow(client.lock("two"), time, tried));

      try (MultiHandle both = MultiHandleImpl.acquire(locks, Duration.ZERO, time)) {
        assertThat(both.isHeld()).isTrue();
      }

      assertThat(tried).containsExactly("one", "two");
    }
  }

  /** Each acquire takes 100 ms of that time. */
  private static FencepostLock slow(FencepostLock lock, ManualTime time, List<String> tried) {
    return (FencepostLock)
        java.lang.reflect.Proxy.newProxyInstance(
            MultiHandleTest.class.getClassLoader(),
            new Class<?>[] {FencepostLock.class},
            (self, method, arguments) -> {
              if (method.getName().equals("acquire")) {
                tried.add(lock.name());
                time.pass(Duration.ofMillis(100));
                return lock.acquire(Duration.ofSeconds(30));
              }
              return method.invoke(lock, arguments);
            });
  }
}
