package dev.fencepost.backend.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.EtcdServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tokens rise although etcd loses data. */
final class SnapshotRestoreTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void snapshotRestoredUnderRunningReplicas_keepsTokensRising(@TempDir Path folder) {
    String uri = ETCD.uri("restored");
    Path snapshot = folder.resolve("snapshot");
    try (EtcdTestReplica a = new EtcdTestReplica(uri);
        EtcdTestReplica b = new EtcdTestReplica(uri)) {
      a.release(a.acquire("restored"));
      ETCD.saveSnapshot(snapshot);
      Grant last = a.acquire("restored");
      for (int i = 0; i < 300; i++) {
        a.release(last);
        last = (i % 2 == 0 ? a : b).acquire("restored");
      }
      a.release(last);
      FencingToken highest = last.token();

      ETCD.restore(snapshot);

      for (EtcdTestReplica replica : new EtcdTestReplica[] {b, a}) {
        Grant next = acquireSoon(replica, "restored");
        assertThat(next.token()).isGreaterThan(highest);
        highest = next.token();
        replica.release(next);
      }
    }
    try (EtcdTestReplica fresh = new EtcdTestReplica(uri)) {
      assertThat(fresh.acquire("restored/fresh").token()).isGreaterThan(highestOf(fresh));
    }
  }

  @Test
  void newCluster_givesGreaterTokensThanTheOneBefore() {
    FencingToken before;
    try (EtcdTestReplica replica = new EtcdTestReplica(ETCD.uri("moved"))) {
      before = replica.acquire("moved").token();
    }
    try (EtcdServer another = new EtcdServer()) {
      another.start();
      try (EtcdTestReplica replica = new EtcdTestReplica(another.uri("moved"))) {
        assertThat(replica.acquire("moved").token()).isGreaterThan(before);
      }
    }
  }

  @Test
  void tokenOfAnotherStore_isPassed() {
    Instant now = Instant.now();
    long ofAnotherStore = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    try (EtcdTestReplica replica = new EtcdTestReplica(ETCD.uri("from-another-store"))) {
      assertThat(replica.acquire("moved").token().value()).isGreaterThan(ofAnotherStore);
    }
  }

  private static FencingToken highestOf(EtcdTestReplica replica) {
    return replica.describe(new LockName("restored")).lastToken().orElse(new FencingToken(1));
  }

  private static Grant acquireSoon(EtcdTestReplica replica, String lock) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsMatching(e -> e instanceof StoreException || e instanceof AssertionError)
        .until(() -> replica.acquire(lock), grant -> true);
  }
}
