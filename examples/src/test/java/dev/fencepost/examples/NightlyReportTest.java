package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NightlyReportTest {

  @TempDir Path data;
  @TempDir Path reports;
  private ServerProcess server;

  @BeforeEach
  void startServer() {
    server = new ServerProcess(data.resolve("store"));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void twoHostsAtTheSameTime_writeOneReport_andALateHostWritesNone() throws IOException {
    try (ChildJvm one = start("PT1H");
        ChildJvm other = start("PT1H")) {
      List<String> results =
          List.of(ExampleProcess.awaitResult(one), ExampleProcess.awaitResult(other));
      assertThat(results).filteredOn(result -> result.startsWith("written: ")).hasSize(1);
      assertThat(results).filteredOn(result -> result.startsWith("skipped: ")).hasSize(1);
    }
    assertThat(runToTheEnd("PT1H")).startsWith("skipped: ");
    assertThat(reports()).hasSize(1);
  }

  @Test
  void nextPeriod_hasAReportOfItsOwn() throws IOException {
    assertThat(runToTheEnd("PT2S")).startsWith("written: ");
    await()
        .atMost(ExampleProcess.PATIENCE)
        .until(() -> runToTheEnd("PT2S"), result -> result.startsWith("written: "));
    assertThat(reports()).hasSize(2);
  }

  private ChildJvm start(String minHold) {
    return ExampleProcess.start(NightlyReport.class, server.address(), reports.toString(), minHold);
  }

  private String runToTheEnd(String minHold) {
    try (ChildJvm program = start(minHold)) {
      return ExampleProcess.awaitResult(program);
    }
  }

  private List<Path> reports() throws IOException {
    try (Stream<Path> files = Files.list(reports)) {
      return files.toList();
    }
  }
}
