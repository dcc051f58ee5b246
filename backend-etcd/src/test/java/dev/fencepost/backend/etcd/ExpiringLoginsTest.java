package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logins that expire, or end when an administrator changes a right, are renewed unnoticed. */
final class ExpiringLoginsTest {
  private static final Map<String, String> USER = Map.of("user", "alice", "password", "a");
  private static final Duration LONGER_THAN_A_LOGIN = Duration.ofSeconds(4);

  @TempDir private Path folder;

  @Test
  void signedLoginThatExpired_costsNoWakeUpAndNoRenewal() throws IOException, InterruptedException {
    Path key = Files.writeString(folder.resolve("key"), "a secret of sixty-four bytes".repeat(3));
    String token = "--auth-token=jwt,priv-key=" + key + ",sign-method=HS256,ttl=2s";
    try (EtcdServer etcd = new EtcdServer(token)) {
      wakesAfter(etcd, () -> expire());
    }
  }

  @Test
  void simpleLoginThatExpired_costsNoWakeUpAndNoRenewal() throws InterruptedException {
    try (EtcdServer etcd = new EtcdServer("--auth-token-ttl=2")) {
      wakesAfter(etcd, () -> expire());
    }
  }

  @Test
  void loginBeforeAChangeOfRights_costsNoWakeUpAndNoRenewal() throws InterruptedException {
    try (EtcdServer etcd = new EtcdServer()) {
      wakesAfter(etcd, () -> etcd.etcdctl("--user=root:r", "user", "add", "carol:c"));
    }
  }

  private static void wakesAfter(EtcdServer etcd, Runnable loginsEnd) throws InterruptedException {
    etcd.start();
    EtcdUsers.enable(etcd, Map.of("alice", "alpha/"));
    try (EtcdTestReplica holder = new EtcdTestReplica(etcd.uri("alpha"), USER);
        EtcdTestReplica waiter = new EtcdTestReplica(etcd.uri("alpha"), USER)) {
      Grant early = holder.acquire("early");
      Grant late = holder.acquire("late");
      join(waiter, "early");
      List<Grant> held = new ArrayList<>(List.of(early, late));
      for (int i = 0; i < 20; i++) {
        held.add(holder.acquire("held/" + i));
      }
      held.forEach(grant -> assertRenewed(holder, grant));
      loginsEnd.run();
      join(waiter, "late");
      held.forEach(grant -> assertRenewed(holder, grant));
      assertWoken(holder, late, waiter);
      assertWoken(holder, early, waiter);
    }
  }

  private static void assertRenewed(EtcdTestReplica holder, Grant grant) {
    assertThat(answer(holder.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
  }

  private static void expire() {
    long begun = System.nanoTime();
    await().until(() -> System.nanoTime() - begun > LONGER_THAN_A_LOGIN.toNanos());
  }

  private static void join(EtcdTestReplica waiter, String lock) {
    Claim next = claim(lock);
    assertThat(waiter.attempt(next, QueueIntent.JOIN)).isInstanceOf(Attempt.Busy.class);
  }

  private static void assertWoken(EtcdTestReplica holder, Grant held, EtcdTestReplica waiter)
      throws InterruptedException {
    assertThat(holder.release(held)).isEqualTo(new Release.Released());
    assertThat(waiter.wakes().poll(10, TimeUnit.SECONDS))
        .isEqualTo(new LockName(held.ref().lock().value()));
  }
}
