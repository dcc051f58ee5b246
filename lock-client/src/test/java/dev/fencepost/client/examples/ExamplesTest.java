package dev.fencepost.client.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockView;
import dev.fencepost.client.support.TestCluster;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example does what its page says. */
class ExamplesTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final TestCluster cluster = TestCluster.of(1);
  private final Orders orders = new Orders();
  private final FencepostClient client =
      Examples.settings(cluster.target(), new SimpleMeterRegistry());

  @AfterEach
  void stop() {
    client.close();
    cluster.close();
  }

  @Test
  void first() throws InterruptedException {
    Examples.first(cluster.target(), orders, Thread.currentThread());
    assertThat(orders.updates()).isEqualTo(1);
  }

  @Test
  void settings() throws InterruptedException {
    try (LockHandle lock = client.lock("a").acquire(LONG)) {
      assertThat(lock.remaining()).isGreaterThan(Duration.ofSeconds(20));
      assertThat(client.inspect("a").join().holder().orElseThrow().claimant())
          .satisfies(
              claimant -> {
                assertThat(claimant.owner()).endsWith("/order-worker");
                assertThat(claimant.metadata()).containsEntry("region", "eu-1");
              });
    }
  }

  @Test
  void encrypted(@TempDir Path folder) throws InterruptedException {
    TestAuthority authority = TestAuthority.create("authority");
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    authority.issue(Purpose.SERVER, "locks", "IP:127.0.0.1").write(folder, "server");
    authority.issue(Purpose.CLIENT, "orders").write(folder, "orders");
    FencepostServer secure =
        cluster.startAt(
            0,
            "tls.certificate",
            folder.resolve("server.pem").toString(),
            "tls.key",
            folder.resolve("server.key").toString(),
            "tls.client-ca",
            folder.resolve("ca.pem").toString());
    try (FencepostClient encrypted = Examples.encrypted(secure.address().toString(), folder);
        LockHandle lock = encrypted.lock("a").acquire(LONG)) {
      assertThat(lock.isHeld()).isTrue();
    }
  }

  @Test
  void trying() throws InterruptedException {
    assertThat(Examples.trying(client)).startsWith("made with token");
    try (LockHandle lock = client.lock("reports/nightly").acquire(LONG)) {
      assertThat(Examples.trying(client)).startsWith("somebody else");
      assertThat(lock.isHeld()).isTrue();
    }
  }

  @Test
  void refused() throws InterruptedException {
    assertThat(Examples.refused(client)).startsWith("held with");
    try (LockHandle lock = client.lock("orders/42").withOwner("me").acquire(LONG)) {
      assertThat(Examples.refused(client)).isEqualTo("TIMED_OUT, held by me");
      assertThat(lock.isHeld()).isTrue();
    }
  }

  @Test
  void askingAndTelling() throws Exception {
    List<String> log = new CopyOnWriteArrayList<>();
    try (LockHandle lock = client.lock("orders/42").acquire(LONG)) {
      Examples.telling(lock, log);
      assertThat(Examples.asking(lock, orders)).startsWith("HELD with 2");
      CompletableFuture<String> combined = Examples.combining(lock, new CompletableFuture<>());
      cluster.forceRelease("orders/42", "maintenance");
      await().until(() -> log.contains("lost: REVOKED maintenance"));
      assertThat(combined.get(20, TimeUnit.SECONDS)).startsWith("lost: GrantLoss[reason=REVOKED");
    }
  }

  @Test
  void holdAndJdkLock() throws Exception {
    assertThat(Examples.hold(client, orders)).isEqualTo(1);
    AtomicInteger runs = new AtomicInteger();
    Examples.jdkLock(client, runs::incrementAndGet);
    Examples.several(client, runs::incrementAndGet);
    assertThat(runs).hasValue(2);
  }

  @Test
  void async() throws Exception {
    try (LockHandle lock = client.lock("orders/42").acquire(LONG)) {
      assertThat(Examples.async(client)).isCompletedExceptionally();
      await().until(() -> cluster.waiters("orders/42") == 0);
      assertThat(lock.isHeld()).isTrue();
    }
  }

  @Test
  void oncePerHour() throws InterruptedException {
    AtomicInteger runs = new AtomicInteger();
    assertThat(Examples.oncePerHour(client, runs::incrementAndGet)).isTrue();
    assertThat(Examples.oncePerHour(client, runs::incrementAndGet)).isFalse();
    assertThat(runs).hasValue(1);
  }

  @Test
  void handOnAndAdvance() throws InterruptedException {
    try (FencepostClient there = FencepostClient.connect(cluster.target());
        LockHandle adopted = Examples.handOn(client, there)) {
      assertThat(adopted.isHeld()).isTrue();
      assertThat(Examples.advance(there, adopted)).isTrue();
    }
  }

  @Test
  void watching() throws InterruptedException {
    List<LockView> seen = new CopyOnWriteArrayList<>();
    Examples.watching(client, new Collector(seen));
    try (LockHandle lock = client.lock("orders/42").acquire(LONG)) {
      await()
          .untilAsserted(
              () ->
                  assertThat(seen)
                      .anyMatch(
                          view ->
                              view.holder()
                                  .filter(holder -> holder.token().equals(lock.token()))
                                  .isPresent()));
    }
  }

  private record Collector(List<LockView> seen) implements Flow.Subscriber<LockView> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(LockView view) {
      seen.add(view);
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onComplete() {}
  }
}
