package dev.fencepost.client.examples;

import dev.fencepost.client.ClientTls;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.client.LockView;
import dev.fencepost.client.MicrometerMetrics;
import dev.fencepost.client.MultiHandle;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.GrantRef;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;

/** Each method contains the code of a page or a comment, word for word. */
final class Examples {
  private Examples() {}

  static void first(String target, Orders orders, Thread worker) throws InterruptedException {
    try (FencepostClient client = FencepostClient.connect(target)) {
      FencepostLock order = client.lock("orders/42");
      try (LockHandle lock = order.acquire(Duration.ofSeconds(5))) { // renews by itself
        lock.onLost(loss -> worker.interrupt());
        orders.update(42, lock.token()); // the fence
      }
    }
  }

  static FencepostClient settings(String target, MeterRegistry registry) {
    return FencepostClient.builder(target)
        .ttl(Duration.ofSeconds(30))
        .service("order-worker")
        .metadata(Map.of("region", "eu-1"))
        .callTimeout(Duration.ofSeconds(5))
        .metrics(MicrometerMetrics.of(registry))
        .build();
  }

  static FencepostClient encrypted(String target, Path folder) {
    ClientTls tls =
        ClientTls.of(folder.resolve("ca.pem"))
            .certificate(folder.resolve("orders.pem"), folder.resolve("orders.key"));
    return FencepostClient.builder(target).tls(tls).build();
  }

  static String trying(FencepostClient client) {
    Optional<LockHandle> perhaps = client.lock("reports/nightly").tryAcquire();
    if (perhaps.isEmpty()) {
      return "somebody else makes the report";
    }
    try (LockHandle lock = perhaps.get()) {
      return "made with token " + lock.token();
    }
  }

  static String refused(FencepostClient client) throws InterruptedException {
    try (LockHandle lock = client.lock("orders/42").acquire(Duration.ofMillis(200))) {
      return "held with " + lock.token();
    } catch (LockNotGrantedException e) {
      return e.reason() + ", held by " + e.holders().get(0).claimant().owner();
    }
  }

  static String asking(LockHandle lock, Orders orders) {
    while (lock.isHeld() && orders.updates() < 10) {
      orders.update(42, lock.requireHeld());
    }
    return lock.state() + " with " + lock.remaining().toSeconds() + " s left";
  }

  static void telling(LockHandle lock, List<String> log) {
    lock.onJeopardy(jeopardy -> log.add("in doubt, " + jeopardy.remaining() + " left"))
        .onLost(loss -> log.add("lost: " + loss.reason() + " " + loss.detail()));
  }

  static CompletableFuture<String> combining(LockHandle lock, CompletableFuture<String> work) {
    return CompletableFuture.anyOf(work, lock.lost())
        .thenApply(first -> work.isDone() ? "done: " + first : "lost: " + first);
  }

  static int hold(FencepostClient client, Orders orders) throws Exception {
    return client
        .lock("orders/42")
        .hold(
            Duration.ofSeconds(5),
            lock -> {
              orders.update(42, lock.requireHeld());
              return orders.updates();
            });
  }

  static CompletableFuture<LockHandle> async(FencepostClient client) {
    CompletableFuture<LockHandle> claim =
        client.lock("orders/42").acquireAsync(Duration.ofMinutes(10));
    claim.completeExceptionally(
        new TimeoutException("not needed any more")); // or claim.cancel(false)
    return claim;
  }

  static void jdkLock(FencepostClient client, Runnable work) {
    Lock lock = client.lock("orders/42").asLock();
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  static void several(FencepostClient client, Runnable transfer) throws InterruptedException {
    List<FencepostLock> accounts = List.of(client.lock("account/7"), client.lock("account/3"));
    try (MultiHandle both = client.acquireAll(accounts, Duration.ofSeconds(5))) {
      if (both.isHeld()) {
        transfer.run();
      }
    }
  }

  static boolean oncePerHour(FencepostClient client, Runnable job) throws InterruptedException {
    FencepostLock hourly =
        client
            .lock("jobs/hourly")
            .withMinHold(Duration.ofMinutes(59))
            .withMaxHold(Duration.ofHours(2));
    Optional<LockHandle> turn = hourly.tryAcquire();
    if (turn.isEmpty()) {
      return false; // it runs elsewhere, or ran within the hour
    }
    try (LockHandle lock = turn.get()) {
      job.run();
      return lock.isHeld();
    }
  }

  static LockHandle handOn(FencepostClient here, FencepostClient there)
      throws InterruptedException {
    LockHandle lock = here.lock("orders/42").acquire(Duration.ofSeconds(5));
    GrantRef grant = lock.detach(); // not renewed here any more; a secret
    return there.lock("orders/42").adopt(grant); // in another process, before the lease ends
  }

  static boolean advance(FencepostClient client, LockHandle lock) {
    FenceAdvance verdict = client.fencing().advance("ledger", lock.token()).join();
    return verdict.fold(passed -> true, again -> true, stale -> false, tooFar -> false);
  }

  static void watching(FencepostClient client, Flow.Subscriber<LockView> subscriber) {
    client.watch("orders/42", "reports/nightly").subscribe(subscriber);
  }
}
