package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The user's code keeps all callback threads busy, or throws. */
@Timeout(60)
class StarvedClientTest {
  private static final Duration TTL = Duration.ofSeconds(2);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int CALLBACK_THREADS = 16;

  private final AnsweringReplica replica = new AnsweringReplica(TTL);
  private final CountDownLatch over = new CountDownLatch(1);

  @AfterEach
  void stop() {
    over.countDown();
    replica.close();
  }

  @Test
  void busyCallbackThreads_delayNoRenewal() throws Exception {
    try (FencepostClient client = replica.client(new ClientBuilder("one:1"))) {
      starve(client);
      LockHandle lock = client.lock("kept").acquire(LONG);
      awaitRenewals(lock);
    }
  }

  @Test
  void busyCallbackThreads_doNotKeepHoldFromInterruptingItsBody() throws Exception {
    try (FencepostClient client = replica.client(new ClientBuilder("one:1"))) {
      starve(client);
      assertThatThrownBy(
              () ->
                  client
                      .lock("held")
                      .hold(
                          LONG,
                          lock -> {
                            replica.losesAll = true;
                            return over.await(LONG.toSeconds(), TimeUnit.SECONDS);
                          }))
          .isInstanceOf(LockLostException.class)
          .satisfies(
              thrown ->
                  assertThat(thrown.getSuppressed())
                      .hasOnlyElementsOfType(InterruptedException.class)
                      .hasSize(1));
    }
  }

  @Test
  void metricsThatThrow_loseNoLock() throws Exception {
    ClientMetrics broken =
        new ClientMetrics() {
          @Override
          public void renewalEnded(String outcome) {
            throw new NoClassDefFoundError("thrown by the test");
          }
        };
    try (FencepostClient client = replica.client(new ClientBuilder("one:1").metrics(broken))) {
      awaitRenewals(client.lock("kept").acquire(LONG));
    }
  }

  /** Returns after more renewals than fit into one lease. */
  private void awaitRenewals(LockHandle lock) {
    long before = replica.renewals.get();
    await().atMost(LONG).until(() -> replica.renewals.get() >= before + 5 || !lock.isHeld());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  private void starve(FencepostClient client) throws Exception {
    CyclicBarrier busy = new CyclicBarrier(CALLBACK_THREADS + 1);
    for (int i = 0; i < CALLBACK_THREADS; i++) {
      CompletableFuture<Void> unused =
          client
              .lock("busy/" + i)
              .acquireAsync(LONG)
              .thenAccept(
                  handle -> {
                    awaitAll(busy);
                    awaitEnd();
                  });
    }
    busy.await(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  private static void awaitAll(CyclicBarrier barrier) {
    try {
      barrier.await(LONG.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitEnd() {
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
