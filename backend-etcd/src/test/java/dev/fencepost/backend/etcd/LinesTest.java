package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import io.etcd.jetcd.api.KeyValue;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A lock's line belongs to all that stand in it, not to the one that wrote it last. */
final class LinesTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension static final Running<EtcdServer> RUNNING = new Running<>(ETCD, ETCD::start);

  @Test
  void replicaThatStops_takesNobodysPlaceAlong() throws InterruptedException {
    String uri = ETCD.uri("stopped");
    try (Raw raw = new Raw(uri);
        TestReplica holder = new TestReplica(uri);
        TestReplica first = new TestReplica(uri);
        TestReplica newcomer = new TestReplica(uri)) {
      Grant held = holder.acquire("rolled");
      Claim waiting = join(first);
      try (TestReplica last = new TestReplica(uri)) {
        join(last);
      }
      assertFirst(raw, first);
      holder.release(held);
      assertThat(newcomer.attempt(claim("rolled"), QueueIntent.NONE))
          .isInstanceOf(Attempt.Busy.class);
      assertThat(first.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(new LockName("rolled"));
      granted(first.attempt(waiting, QueueIntent.JOIN));
    }
  }

  @Test
  void replicaThatDies_takesNobodysPlaceAlong() {
    String uri = ETCD.uri("died");
    try (Raw raw = new Raw(uri);
        TestReplica holder = new TestReplica(uri);
        TestReplica first = new TestReplica(uri);
        TestReplica last = new TestReplica(uri)) {
      holder.acquire("rolled");
      join(first);
      join(last);
      // What etcd does ten seconds after a death.
      raw.revoke(raw.all(raw.keys.replica(last.id())).get(0).getLease());
      assertFirst(raw, first);
    }
  }

  @Test
  void lineOfThoseWhoStillWait_isWrittenAgainLongBeforeItsLeaseEnds() {
    String uri = ETCD.uri("waiting");
    try (Raw raw = new Raw(uri);
        TestReplica holder = new TestReplica(uri);
        TestReplica first = new TestReplica(uri)) {
      holder.acquire("rolled");
      join(first);
      KeyValue before = raw.line("rolled").orElseThrow();
      KeyValue after =
          await()
              .atMost(Duration.ofSeconds(25))
              .until(
                  () -> raw.line("rolled").orElseThrow(),
                  line -> line.getModRevision() > before.getModRevision());
      assertThat(after.getValue()).isEqualTo(before.getValue());
      assertThat(after.getLease()).isNotEqualTo(before.getLease());
    }
  }

  private static Claim join(TestReplica replica) {
    Claim waiting = claim("rolled");
    assertThat(answer(replica.backend().tryAcquire(waiting, QueueIntent.JOIN)))
        .isInstanceOf(Attempt.Busy.class);
    return waiting;
  }

  private static void assertFirst(Raw raw, TestReplica first) {
    assertThat(raw.line("rolled").map(line -> line.getValue().toStringUtf8()))
        .hasValueSatisfying(line -> assertThat(line).startsWith(first.id().value()));
  }
}
