package dev.fencepost.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.testkit.process.TcpProxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code run} loses its lock and must end its process group in time. */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class RunLockLossTest {
  /** More rounds: {@code mvn -pl lock-cli test -Dtest=RunLockLossTest -Dfencepost.rounds=100}. */
  private static final int ROUNDS = Integer.getInteger("fencepost.rounds", 4);

  private static final Duration TTL = Duration.ofSeconds(4);
  private static final Duration CLEAR = Duration.ofMillis(200);

  @TempDir Path folder;

  private final FakeServer server = FakeServer.start();
  private final TcpProxy proxy = new TcpProxy(server.port());

  @AfterEach
  void stop() {
    proxy.close();
    server.close();
  }

  @Test
  void serverCutOff_nothingOfTheGroupIsAliveShortlyBeforeTheLeaseEnds() {
    Random random = new Random(7420);
    for (int round = 0; round < ROUNDS; round++) {
      proxy.resume();
      String lock = "cut-" + round;
      try (ChildCli run = start(lock)) {
        long group = StubbornCommand.awaitGroup(folder, lock);
        // Cut at a random moment of the lease, after a random number of renewals.
        await().pollDelay(random.nextInt(1, 3_000), MILLISECONDS).until(() -> true);
        cut(round);
        assertGoneInTime(group, lock);
        assertThat(run.awaitExit()).isEqualTo(76);
        assertThat(run.err()).contains("could not be renewed in time");
      }
    }
  }

  @Test
  void stoppedRun_groupIsGoneBeforeTheLeaseEndsAndRunTellsSoAfterwards() {
    try (ChildCli run = start("stopped")) {
      long group = StubbornCommand.awaitGroup(folder, "stopped");
      ProcessTable.signal("STOP", run.pid());
      await().until(() -> ProcessTable.isStopped(run.pid()));
      assertGoneInTime(group, "stopped");
      ProcessTable.signal("CONT", run.pid());
      assertThat(run.awaitExit()).isEqualTo(76);
    }
  }

  @Test
  void stoppedRunWithoutWatchdog_groupIsGoneASecondAfterItGoesOn() {
    try (ChildCli run = start("unwatched")) {
      long group = StubbornCommand.awaitGroup(folder, "unwatched");
      ProcessTable.signal("STOP", run.pid());
      await().until(() -> ProcessTable.isStopped(run.pid()));
      ProcessTable.children(run.pid()).stream()
          .filter(pid -> pid != group)
          .forEach(watchdog -> ProcessTable.signal("KILL", -watchdog));
      long leaseEnd = server.locks.leaseBegunNanos.get("unwatched") + TTL.toNanos();
      await().until(() -> System.nanoTime() > leaseEnd);
      assertThat(ProcessTable.members(group)).isNotEmpty();
      long continued = System.nanoTime();
      ProcessTable.signal("CONT", run.pid());
      assertGoneBy(group, continued + Duration.ofSeconds(1).toNanos());
      assertThat(run.awaitExit()).isEqualTo(76);
    }
  }

  @Test
  void killedWatchdog_isReplacedAtTheNextRenewal() {
    try (ChildCli run = start("replaced")) {
      long group = StubbornCommand.awaitGroup(folder, "replaced");
      long first = watchdogOf(run, group);
      ProcessTable.signal("KILL", -first);
      await().until(() -> watchdogOf(run, group) != first && watchdogOf(run, group) != 0);
      ProcessTable.signal("STOP", run.pid());
      await().until(() -> ProcessTable.isStopped(run.pid()));
      assertGoneInTime(group, "replaced");
    }
  }

  @Test
  void revokedGrant_groupIsToldAndGoneBeforeTheLeaseEnds() {
    try (ChildCli run = start("revoked")) {
      long group = StubbornCommand.awaitGroup(folder, "revoked");
      server.locks.revoke("revoked", LossReason.LOSS_REASON_REVOKED);
      assertGoneInTime(group, "revoked");
      assertThat(run.awaitExit()).isEqualTo(76);
      assertThat(run.err()).contains("an administrator ended it");
    }
  }

  @Test
  void unavailableServerOfTwo_theOtherKeepsTheGrant() {
    String both = "127.0.0.1:" + proxy.port() + "," + server.address();
    Path mark = folder.resolve("finished");
    try (ChildCli run =
        ChildCli.start(
            folder, both, "run", "two", "--ttl", "2s", "--", "sh", "-c", "sleep 4; >" + mark)) {
      // The first renewal is the adoption of the grant by the client.
      await().until(() -> server.locks.renewals.get() > 1);
      proxy.refuse();
      assertThat(run.awaitExit()).isZero();
      assertThat(Files.exists(mark)).isTrue();
      assertThat(server.locks.holder("two")).isEmpty();
    }
  }

  private ChildCli start(String lock) {
    return StubbornCommand.start(
        folder, "127.0.0.1:" + proxy.port(), lock, "--ttl", TTL.toSeconds() + "s");
  }

  private void cut(int round) {
    switch (round % 3) {
      case 0 -> proxy.refuse();
      case 1 -> {
        proxy.swallow(TcpProxy.Direction.REQUESTS);
        proxy.swallow(TcpProxy.Direction.ANSWERS);
      }
      default -> proxy.hold(TcpProxy.Direction.REQUESTS);
    }
  }

  private static long watchdogOf(ChildCli run, long group) {
    return ProcessTable.children(run.pid()).stream()
        .filter(pid -> pid != group)
        .findFirst()
        .orElse(0L);
  }

  /** The store counts the lease from the arrival of a call, which is later than its sending. */
  private void assertGoneInTime(long group, String lock) {
    while (true) {
      long begun = server.locks.leaseBegunNanos.get(lock);
      long end = begun + TTL.minus(CLEAR).toNanos();
      long seenNanos = System.nanoTime();
      boolean isGone = ProcessTable.members(group).isEmpty();
      if (isGone) {
        return;
      }
      // Only the time at which a process was seen alive counts, in case the test itself was late.
      assertThat(seenNanos).as("still alive, by the clock").isLessThan(end);
    }
  }

  private static void assertGoneBy(long group, long endNanos) {
    while (true) {
      long seenNanos = System.nanoTime();
      if (ProcessTable.members(group).isEmpty()) {
        return;
      }
      assertThat(seenNanos).as("still alive, by the clock").isLessThan(endNanos);
    }
  }
}
