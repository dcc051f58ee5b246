package dev.fencepost.client.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.support.TestCluster;
import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A process that is stopped for longer than its lease, and one that dies. */
class PausedHolderTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final List<String> JVM = List.of("-Xmx64m", "-XX:TieredStopAtLevel=1");

  @Test
  void holderPausedPastItsLease_neverBelievesAgainThatItHolds() throws Exception {
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient other = FencepostClient.connect(cluster.target());
        ChildJvm holder =
            ChildJvm.start(JVM, HolderProgram.class, cluster.target(), "paused", "2000", "1800")) {
      long token = token(holder);
      holder.pause();
      try (LockHandle next = other.lock("paused").acquire(PATIENCE)) {
        assertThat(next.token().value()).isGreaterThan(token);
        holder.resume();
        String first = holder.awaitLine(line -> line.startsWith("after a pause"), PATIENCE);
        assertThat(first).startsWith("after a pause: false true lost");
        assertThat(next.isHeld()).as("the old holder's return does not disturb it").isTrue();
      }
    }
  }

  @Test
  void loss_isReportedSoonAfterThePause() {
    try (TestCluster cluster = TestCluster.of(1);
        ChildJvm holder =
            ChildJvm.start(JVM, HolderProgram.class, cluster.target(), "told", "2000", "1800")) {
      token(holder);
      holder.pause();
      awaitFree(cluster, "told");
      long resumed = System.nanoTime();
      holder.resume();
      String told = holder.awaitLine(line -> line.startsWith("told "), PATIENCE);
      long at = Long.parseLong(told.substring(told.lastIndexOf(' ') + 1));
      System.out.println(
          "onLost came "
              + TimeUnit.NANOSECONDS.toMillis(at - resumed)
              + " ms after SIGCONT was sent");
      assertThat(told).startsWith("told EXPIRED");
    }
  }

  @Test
  void killedHolder_blocksNobodyBeyondItsLease() throws Exception {
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient other = FencepostClient.connect(cluster.target());
        ChildJvm holder =
            ChildJvm.start(JVM, HolderProgram.class, cluster.target(), "killed", "2000", "1800")) {
      long token = token(holder);
      holder.kill();
      try (LockHandle next = other.lock("killed").acquire(Duration.ofSeconds(20))) {
        assertThat(next.token().value()).isGreaterThan(token);
      }
    }
  }

  private static long token(ChildJvm holder) {
    String held = holder.awaitLine(line -> line.startsWith("held "), PATIENCE);
    return Long.parseLong(held.substring("held ".length()));
  }

  private static void awaitFree(TestCluster cluster, String lock) {
    try (FencepostClient other = FencepostClient.connect(cluster.target())) {
      other.lock(lock).acquire(PATIENCE).close();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
