package dev.fencepost.fence.pause;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Lease;
import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pauses a holder, in a process of its own, between its look at the lock and its write, for longer
 * than its lease. Meanwhile another holder acquires the lock and writes. Then the first one goes
 * on.
 */
public final class PauseTrial {

  /** The number of locks that the paused process holds. */
  public static final int RESOURCES = 1_000;

  private static final Lease LEASE = Lease.of(Duration.ofSeconds(4));
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private PauseTrial() {}

  /** Returns the names of the locks and their resources. */
  public static List<String> resources() {
    return IntStream.range(0, RESOURCES).mapToObj(i -> "stock/" + i).toList();
  }

  /** Asserts that each of the late writes is refused, and each of the others passes. */
  public static void allLateWritesAreRefused(String kind, String address) throws Exception {
    assertThat(lateWrites(kind, address)).isEqualTo("written 0 refused " + RESOURCES + " failed 0");
  }

  /** Returns the results of the late writes, and asserts that each of the other writes passes. */
  public static String lateWrites(String kind, String address) throws Exception {
    LeasedLocks leases = new LeasedLocks();
    List<String> resources = resources();
    try (FencedWriter successor = FencedWriters.of(kind, address);
        ChildJvm holder = ChildJvm.start(List.of("-Xmx64m"), PausedHolder.class, kind, address)) {
      holder.awaitLine("ready"::equals, PATIENCE);
      for (String resource : resources) {
        holder.send("hold " + resource + " " + leases.take(resource, LEASE.ttl()));
      }
      holder.send("check " + LEASE.validFor().toNanos());
      assertThat(holder.awaitLine(line -> line.startsWith("held"), PATIENCE))
          .isEqualTo("held " + RESOURCES);
      holder.pause();

      for (String resource : resources) {
        FencingToken next = leases.takeWhenExpired(resource, Duration.ofMinutes(5));
        successor.write(resource, "newer", next);
      }

      holder.resume();
      holder.send("write");
      return holder.awaitLine(line -> line.startsWith("written"), PATIENCE);
    }
  }
}
