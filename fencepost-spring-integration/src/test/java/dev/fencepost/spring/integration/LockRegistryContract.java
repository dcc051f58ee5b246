package dev.fencepost.spring.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.integration.leader.DefaultCandidate;
import org.springframework.integration.support.leader.LockRegistryLeaderInitiator;
import org.springframework.integration.support.locks.DistributedLock;

/** Each test has a key of its own, so a lock that a failure leaves behind disturbs no other. */
@SuppressWarnings("LockNotBeforeTry")
abstract class LockRegistryContract {
  private static final int SECONDS = 20;
  private static final Duration WAIT = Duration.ofSeconds(SECONDS);

  private final String key = "key-" + UUID.randomUUID();
  private final ExecutorService otherThread = Executors.newSingleThreadExecutor();
  private FencepostServer server;
  private FencepostClient client;
  private FencepostClient otherClient;
  private FencepostLockRegistry registry;
  private FencepostLockRegistry otherRegistry;

  abstract String store();

  @BeforeEach
  void start() throws Exception {
    Map<String, String> flags =
        Map.of("store", store(), "listen", "127.0.0.1:0", "http-listen", "off");
    server = FencepostServer.start(ServerConfig.load(flags, Map.of()));
    client = FencepostClient.connect("127.0.0.1:" + server.port());
    otherClient = FencepostClient.connect("127.0.0.1:" + server.port());
    registry = new FencepostLockRegistry(client, "tests");
    otherRegistry = new FencepostLockRegistry(otherClient, "tests");
  }

  @AfterEach
  void stop() {
    otherThread.shutdownNow();
    client.close();
    otherClient.close();
    server.close();
  }

  @Test
  void lock_isHeldUntilItIsUnlocked() throws Exception {
    for (int i = 0; i < 5; i++) {
      registry.obtain(key).lock();
      assertThat(registry.obtain(key).isHeldByCurrentThread()).isTrue();
      assertThat(elsewhere(() -> otherRegistry.obtain(key).tryLock())).isFalse();
      registry.obtain(key).unlock();
      assertThat(registry.obtain(key).isHeldByCurrentThread()).isFalse();
    }
  }

  @Test
  void interruptibleLock_isTheSame() throws Exception {
    registry.obtain(key).lockInterruptibly();
    assertThat(elsewhere(() -> registry.obtain(key).tryLock())).isFalse();
    registry.obtain(key).unlock();
    assertThat(elsewhere(() -> registry.obtain(key).tryLock())).isTrue();
  }

  @Test
  void lock_isReentrant() throws Exception {
    registry.obtain(key).lock();
    assertThat(registry.obtain(key)).isEqualTo(registry.obtain(key));
    registry.obtain(key).lock();
    registry.obtain(key).unlock();
    assertThat(elsewhere(() -> otherRegistry.obtain(key).tryLock())).isFalse();
    registry.obtain(key).unlock();
    assertThat(elsewhere(() -> otherRegistry.obtain(key).tryLock())).isTrue();
  }

  @Test
  void twoKeys_areTwoLocks() throws Exception {
    registry.obtain(key).lock();
    assertThat(elsewhere(() -> otherRegistry.obtain("other-" + key).tryLock())).isTrue();
    registry.obtain(key).unlock();
  }

  @Test
  void twoRegistryKeys_areTwoLocks() throws Exception {
    registry.obtain(key).lock();
    FencepostLockRegistry stranger = new FencepostLockRegistry(otherClient, "strangers");
    assertThat(elsewhere(() -> stranger.obtain(key).tryLock())).isTrue();
    registry.obtain(key).unlock();
  }

  @Test
  void waiter_getsTheLockAfterItsUnlock() throws Exception {
    registry.obtain(key).lock();
    Future<Boolean> waiter =
        otherThread.submit(() -> otherRegistry.obtain(key).tryLock(SECONDS, TimeUnit.SECONDS));
    await()
        .until(
            () -> client.inspect("tests/" + key).get(SECONDS, TimeUnit.SECONDS),
            view -> view.waiterCount() == 1);
    registry.obtain(key).unlock();
    assertThat(waiter.get(SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void unlockOfAnotherThread_isRefused() throws Exception {
    registry.obtain(key).lock();
    assertThatThrownBy(
            () ->
                elsewhere(
                    () -> {
                      registry.obtain(key).unlock();
                      return true;
                    }))
        .hasCauseInstanceOf(IllegalMonitorStateException.class);
    registry.obtain(key).unlock();
  }

  @Test
  void leaseOfALock_isTheOneAskedFor() throws Exception {
    DistributedLock lock = registry.obtain(key);
    lock.lock(Duration.ofMinutes(5));
    assertThat(remaining()).isGreaterThan(Duration.ofMinutes(4));
    lock.unlock();
    assertThat(lock.tryLock(WAIT, Duration.ofMinutes(8))).isTrue();
    assertThat(remaining()).isGreaterThan(Duration.ofMinutes(7));
    lock.unlock();
  }

  @Test
  void renewal_isTheHoldersOnly() throws Exception {
    assertThatThrownBy(() -> registry.renewLock(key)).isInstanceOf(IllegalStateException.class);
    registry.obtain(key).lock();
    registry.renewLock(key);
    registry.renewLock(key, Duration.ofMinutes(1));
    assertThatThrownBy(
            () ->
                elsewhere(
                    () -> {
                      otherRegistry.renewLock(key);
                      return true;
                    }))
        .hasCauseInstanceOf(IllegalStateException.class);
    registry.obtain(key).unlock();
  }

  @Test
  void expiryOfUnusedLocks_leavesWhatIsHeld() throws Exception {
    registry.obtain(key).lock();
    registry.expireUnusedOlderThan(0);
    assertThat(registry.obtain(key).isHeldByCurrentThread()).isTrue();
    assertThat(elsewhere(() -> otherRegistry.obtain(key).tryLock())).isFalse();
    registry.obtain(key).unlock();
  }

  @Test
  void lockedExecution_waitsAtMostItsTime() throws Exception {
    assertThat(registry.<String, RuntimeException>executeLocked(key, () -> "done"))
        .isEqualTo("done");
    registry.obtain(key).lock();
    assertThatThrownBy(
            () ->
                elsewhere(
                    () ->
                        otherRegistry.<String, RuntimeException>executeLocked(
                            key, Duration.ofMillis(100), () -> "done")))
        .hasCauseInstanceOf(TimeoutException.class);
    registry.obtain(key).unlock();
  }

  @Test
  void hold_hasATokenThatRises() {
    registry.obtain(key).lock();
    long first = registry.obtain(key).requireHeld().value();
    registry.obtain(key).unlock();
    registry.obtain(key).lock();
    assertThat(registry.obtain(key).requireHeld().value()).isGreaterThan(first);
    registry.obtain(key).unlock();
  }

  @Test
  void condition_isNotSupported() {
    assertThatThrownBy(() -> registry.obtain(key).newCondition())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void leader_isOneOfTwo_andTheOtherFollows() {
    LockRegistryLeaderInitiator first = initiator(registry, "first");
    LockRegistryLeaderInitiator second = initiator(otherRegistry, "second");
    first.start();
    await().until(() -> first.getContext().isLeader());
    second.start();
    assertThat(second.getContext().isLeader()).isFalse();
    first.stop();
    await().until(() -> second.getContext().isLeader());
    assertThat(first.getContext().isLeader()).isFalse();
    second.destroy();
    first.destroy();
  }

  private LockRegistryLeaderInitiator initiator(FencepostLockRegistry locks, String id) {
    LockRegistryLeaderInitiator initiator =
        new LockRegistryLeaderInitiator(locks, new DefaultCandidate(id, key));
    initiator.setHeartBeatMillis(50);
    initiator.setBusyWaitMillis(50);
    return initiator;
  }

  private Duration remaining() throws Exception {
    return client
        .inspect("tests/" + key)
        .get(SECONDS, TimeUnit.SECONDS)
        .holder()
        .orElseThrow()
        .remainingAtMost();
  }

  private <T> T elsewhere(Callable<T> call) throws Exception {
    return otherThread.submit(call).get(SECONDS, TimeUnit.SECONDS);
  }
}
