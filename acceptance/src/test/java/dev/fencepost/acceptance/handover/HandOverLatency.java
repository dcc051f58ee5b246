package dev.fencepost.acceptance.handover;

import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Measures how long it takes from the sending of a release until the next one has the answer that
 * the lock is theirs, and prints the median and the 99th percentile of 200. A measurement, not a
 * test: what it prints depends on the machine.
 */
final class HandOverLatency {

  private static final int WARM_UP = 200;
  private static final int MEASURED = 200;
  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration LOOK_EVERY = Duration.ofMillis(2);

  private HandOverLatency() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createTempDirectory("fencepost-latency-");
    try (ReplicaServer server = ReplicaServer.on("h2:" + folder.resolve("store"))) {
      print("H2, same replica", server, server);
    } finally {
      delete(folder);
    }
    try (PostgresServer store = new PostgresServer()) {
      store.start();
      String uri = store.createDatabase("latency");
      try (ReplicaServer a = ReplicaServer.on(uri);
          ReplicaServer b = ReplicaServer.on(uri)) {
        print("PostgreSQL, same replica", a, a);
        print("PostgreSQL, another replica", a, b);
      }
    }
    try (MariaDbServer store = new MariaDbServer()) {
      store.start();
      String uri = store.createDatabase("latency");
      try (ReplicaServer a = ReplicaServer.on(uri);
          ReplicaServer b = ReplicaServer.on(uri)) {
        print("MariaDB, same replica", a, a);
        print("MariaDB, another replica", a, b);
      }
    }
  }

  private static void print(String what, ReplicaServer from, ReplicaServer to) {
    try (RecordedClient releasing = new RecordedClient(from.port(), CallRecorder.inMemory());
        RecordedClient waiting = new RecordedClient(to.port(), CallRecorder.inMemory())) {
      double[] millis = new double[WARM_UP + MEASURED];
      for (int i = 0; i < millis.length; i++) {
        millis[i] = measure("latency-" + i, releasing, waiting);
      }
      double[] measured = Arrays.copyOfRange(millis, WARM_UP, millis.length);
      Arrays.sort(measured);
      System.out.println(
          String.format(
              Locale.ROOT,
              "%-28s p50 %.2f ms  p99 %.2f ms  max %.2f ms",
              what,
              measured[MEASURED / 2],
              measured[MEASURED * 99 / 100],
              measured[MEASURED - 1]));
    }
  }

  private static double measure(String lock, RecordedClient releasing, RecordedClient waiting) {
    ClaimAttempt holder = ClaimAttempt.on(lock, LEASE);
    long token = releasing.take(holder);
    ClaimAttempt next = ClaimAttempt.on(lock, LEASE);
    long[] grantedNanos = new long[1];
    CompletableFuture<AcquireResponse> answer =
        waiting
            .acquire(next, LEASE)
            .whenComplete((response, failure) -> grantedNanos[0] = System.nanoTime());
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(LOOK_EVERY)
        .until(() -> waiting.look(lock).getWaiterCount() == 1);
    long sentNanos = System.nanoTime();
    releasing.release(holder, token).join();
    long granted = answer.join().getGranted().getFencingToken();
    waiting.release(next, granted).join();
    return (grantedNanos[0] - sentNanos) / 1e6;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
