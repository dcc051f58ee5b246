package dev.fencepost.acceptance.counter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.counter.CounterProgram.Mode;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.history.CallHistory;
import dev.fencepost.testkit.history.HistoryChecker;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** 64 clients in 8 processes, 200 times each. */
class CounterTest {

  private static final int PROCESSES = 8;
  private static final int RAISES = PROCESSES * CounterProgram.THREADS * CounterProgram.ROUNDS;
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final List<String> JVM =
      List.of("-Xmx48m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @TempDir Path folder;

  @Test
  void h2_losesNoUpdate() throws IOException {
    try (ReplicaServer server = ReplicaServer.on("h2:" + folder.resolve("store"))) {
      countThrough(List.of(server));
    }
  }

  @Test
  void postgresqlThroughTwoReplicas_losesNoUpdate() throws IOException {
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri())) {
      countThrough(List.of(a, b));
    }
  }

  @Test
  void mariadbThroughTwoReplicas_losesNoUpdate() throws IOException {
    try (ReplicaServer a = ReplicaServer.on(MARIADB.jdbcUri());
        ReplicaServer b = ReplicaServer.on(MARIADB.jdbcUri())) {
      countThrough(List.of(a, b));
    }
  }

  private void countThrough(List<ReplicaServer> servers) throws IOException {
    List<ChildJvm> processes = new ArrayList<>();
    List<Path> histories = new ArrayList<>();
    try {
      for (int i = 0; i < PROCESSES; i++) {
        Path history = folder.resolve("history-" + i);
        histories.add(history);
        String port = Integer.toString(servers.get(i % servers.size()).port());
        processes.add(ChildJvm.start(JVM, CounterProgram.class, port, history.toString()));
      }
      processes.forEach(each -> each.awaitLine(CounterProgram.READY::equals, PATIENCE));

      assertThat(count(processes, Mode.STUBBED))
          .as("without the lock updates are lost, or the run proves nothing")
          .isPositive()
          .isLessThan(RAISES);
      assertThat(count(processes, Mode.LOCKED)).isEqualTo(RAISES);
      HistoryChecker.check(CallHistory.read(histories), 2 * RAISES).assertSound();
    } finally {
      processes.forEach(ChildJvm::close);
    }
  }

  private long count(List<ChildJvm> processes, Mode mode) throws IOException {
    Path file = folder.resolve("counter-" + mode);
    processes.forEach(each -> each.send(mode + " " + file));
    for (ChildJvm each : processes) {
      assertThat(each.awaitLine(line -> true, PATIENCE)).isEqualTo(CounterProgram.DONE);
    }
    try (SharedCounter counter = SharedCounter.open(file)) {
      return counter.read().number();
    }
  }
}
