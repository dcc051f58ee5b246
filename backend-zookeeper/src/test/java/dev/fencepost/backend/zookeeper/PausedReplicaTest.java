package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Renewal;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A replica that is paused past its session. */
final class PausedReplicaTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void pausedPastItsSession_confirmsNothingFromMemoryAndHarmsNobody() {
    try (ZookeeperServer server = new ZookeeperServer()) {
      server.start();
      String uri = "zookeeper://127.0.0.1:" + server.port() + "/paused";
      try (TestReplica b = new TestReplica(uri)) {
        Grant awaited = b.acquire("awaited");
        try (ChildJvm child =
            ChildJvm.start(
                List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                ReplicaProgram.class,
                uri,
                "short",
                "long",
                "awaited")) {
          child.awaitLine("ready"::equals, PATIENCE);
          assertThat(describe(b, "awaited").replicaQueue()).hasSize(1);
          child.pause();
          // Its session ends with its queue node, and another replica ends its short lease.
          await().atMost(PATIENCE).until(() -> describe(b, "awaited").replicaQueue().isEmpty());
          await().atMost(PATIENCE).until(() -> describe(b, "short").holder().isEmpty());
          Grant next = b.acquire("short");
          child.resume();
          child.send("what is left?");
          assertThat(child.awaitLine(line -> true, PATIENCE)).isEqualTo("SUPERSEDED renewed");
          assertThat(answer(b.backend().renew(next.ref()))).isInstanceOf(Renewal.Renewed.class);
          assertThat(answer(b.backend().renew(awaited.ref()))).isInstanceOf(Renewal.Renewed.class);
        }
      }
    }
  }

  private static LockState describe(TestReplica replica, String lock) {
    return answer(replica.backend().describe(List.of(new LockName(lock)))).get(0);
  }
}
