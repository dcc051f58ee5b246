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
  private static final String TTL_MILLIS = "2000";

  /** The pause is as long as the lease, less the lease's age when the pause begins. */
  private static final String GAP_MILLIS = "1000";

  private static final List<String> JVM = List.of("-Xmx64m", "-XX:TieredStopAtLevel=1");

  @Test
  void holderPausedPastItsLease_neverBelievesAgainThatItHolds() throws Exception {
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient other = FencepostClient.connect(cluster.target());
        ChildJvm holder =
            ChildJvm.start(
                JVM, HolderProgram.class, cluster.target(), "paused", TTL_MILLIS, GAP_MILLIS)) {
      long token = token(holder);
      holder.pause();
      try (LockHandle next = other.lock("paused").acquire(PATIENCE)) {
        assertThat(next.token().value()).isGreaterThan(token);
        long resumed = System.nanoTime();
        holder.resume();
        // A loaded machine may have paused the program before as well, while it held the lock.
        String first =
            holder.awaitLine(
                line -> line.startsWith("after a pause") && nanosOf(line) >= resumed, PATIENCE);
        assertThat(first).startsWith("after a pause: false true lost");
        assertThat(next.isHeld()).as("the old holder's return does not disturb it").isTrue();
      }
    }
  }

  @Test
  void loss_isReportedSoonAfterThePause() {
    try (TestCluster cluster = TestCluster.of(1);
        ChildJvm holder =
            ChildJvm.start(
                JVM, HolderProgram.class, cluster.target(), "told", TTL_MILLIS, GAP_MILLIS)) {
      token(holder);
      holder.pause();
      awaitFree(cluster, "told");
      long resumed = System.nanoTime();
      holder.resume();
      String told = holder.awaitLine(line -> line.startsWith("told "), PATIENCE);
      long at = nanosOf(told);
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
            ChildJvm.start(
                JVM, HolderProgram.class, cluster.target(), "killed", TTL_MILLIS, GAP_MILLIS)) {
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

  /** Returns the time at the end of a line. */
  private static long nanosOf(String line) {
    return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
  }

  private static void awaitFree(TestCluster cluster, String lock) {
    try (FencepostClient other = FencepostClient.connect(cluster.target())) {
      other.lock(lock).acquire(PATIENCE).close();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
