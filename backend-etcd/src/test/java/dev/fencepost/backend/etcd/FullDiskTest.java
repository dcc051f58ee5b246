package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.SmallDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** An etcd on a full disk stops, and is started again when there is space. */
final class FullDiskTest {
  /** etcd reserves two pieces of its log, of 64 MiB each. */
  private static final int MEBIBYTES = 160;

  private static final int MOST_LOCKS = 20_000;
  private static final int AT_ONCE = 200;

  @Test
  void fullDisk_isToldAndNoGrantThatWasAnsweredIsLost() {
    try (SmallDisk disk = new SmallDisk(MEBIBYTES);
        EtcdServer etcd = new EtcdServer("--data-dir=" + disk.folder().resolve("data"))) {
      etcd.start();
      try (EtcdTestReplica replica = new EtcdTestReplica(etcd.uri("full"))) {
        Grant held = replica.acquire("held");
        disk.fill();
        Map<Claim, CompletionStage<Attempt>> asked = acquireUntilRefused(replica);
        assertThat(failure(replica.backend().renew(held.ref())))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
        disk.makeRoom();
        etcd.start();
        await()
            .ignoreExceptionsInstanceOf(StoreException.class)
            .atMost(Duration.ofSeconds(30))
            .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
        asked.forEach((claim, stage) -> assertIsStill(replica, claim, stage));
        assertThat(replica.release(held)).isEqualTo(new Release.Released());
        assertThat(replica.acquire("held").token()).isGreaterThan(held.token());
      }
    }
  }

  /** Takes locks until some are refused; returns the outcomes of the last ones. */
  private static Map<Claim, CompletionStage<Attempt>> acquireUntilRefused(EtcdTestReplica replica) {
    for (int i = 0; i < MOST_LOCKS; i += AT_ONCE) {
      Map<Claim, CompletionStage<Attempt>> asked = new HashMap<>();
      for (int k = 0; k < AT_ONCE; k++) {
        Claim claim = claim("full/" + i + "/" + k);
        asked.put(claim, replica.backend().tryAcquire(claim, QueueIntent.NONE));
      }
      List<Failure> failures = new ArrayList<>();
      for (CompletionStage<Attempt> each : asked.values()) {
        if (answer(each.handle((attempt, refused) -> refused != null))) {
          failures.add(failure(each));
        }
      }
      if (!failures.isEmpty()) {
        assertThat(failures)
            .isSubsetOf(Failure.STORE_FULL, Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
        return asked;
      }
    }
    throw new AssertionError("there is room for " + MOST_LOCKS + " locks");
  }

  /** A repeated claim returns the same grant as before, or a grant now. */
  private static void assertIsStill(
      EtcdTestReplica replica, Claim claim, CompletionStage<Attempt> stage) {
    Grant now = replica.acquire(claim);
    if (answer(stage.handle((attempt, refused) -> refused == null))) {
      assertThat(now.ref()).isEqualTo(EtcdTestReplica.granted(answer(stage)).ref());
    }
  }
}
