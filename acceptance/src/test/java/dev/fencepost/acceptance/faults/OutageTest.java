package dev.fencepost.acceptance.faults;

import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.process.PostgresServer;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The store disappears for 20 s, while 50 hold and 50 wait. */
class OutageTest {

  private static final Duration OUTAGE = Duration.ofSeconds(20);

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void stalledStore_costsNoLongLeaseAndNoPatientWaiter() {
    outage(PostgresServer::pause, PostgresServer::resume);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void killedStore_costsNoLongLeaseAndNoPatientWaiter() {
    outage(PostgresServer::kill, PostgresServer::start);
  }

  private static void outage(Consumer<PostgresServer> begin, Consumer<PostgresServer> end) {
    try (PostgresServer store = new PostgresServer()) {
      store.start();
      String uri = store.createDatabase("locks");
      try (ReplicaServer a = ReplicaServer.on(uri);
          ReplicaServer b = ReplicaServer.on(uri);
          OutageScenario scene = new OutageScenario(List.of(a, b))) {
        scene.begin();
        begin.accept(store);
        long gone = System.nanoTime();
        scene.awaitNoticed();
        scene.awaitBriefWaitsUnavailable();
        await()
            .atMost(OUTAGE.multipliedBy(2))
            .until(() -> System.nanoTime() - gone >= OUTAGE.toNanos());
        end.accept(store);
        scene.awaitRecovered();
        scene.awaitServed();
        scene.judge();
      }
    }
  }
}
