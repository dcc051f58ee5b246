package dev.fencepost.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditTrailTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("audit");
  }

  private AuditTrail toFile(long maxBytes, int keep) throws IOException {
    return AuditTrail.toFile(file(), maxBytes, keep, "a:1", () -> NOW);
  }

  private static AuditEntry start(String reason) {
    return AuditEntry.of(AuditKind.START).with("reason", reason);
  }

  @Test
  void line_isOneJsonObject_whateverItsTexts() throws Exception {
    try (AuditTrail trail = toFile(1_000_000, 2)) {
      trail.record(start("a\"b\\c\nd\u0001").with("count", 7).with("principal", ""));
    }

    assertThat(Files.readString(file()))
        .isEqualTo(
            "{\"time\":\"2026-01-01T12:00:00Z\",\"seq\":1,\"replica\":\"a:1\",\"event\":\"start\","
                + "\"reason\":\"a\\\"b\\\\c\\u000ad\\u0001\",\"count\":7}\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void fullFiles_areNumbered_andTheOldestIsDeleted() throws Exception {
    try (AuditTrail trail = toFile(300, 2)) {
      for (int i = 0; i < 20; i++) {
        trail.record(start("number " + i));
      }
    }

    assertThat(Files.readString(file())).contains("number 19").hasSizeLessThanOrEqualTo(300);
    assertThat(Files.readString(folder.resolve("audit.1"))).contains("number 1");
    assertThat(Files.exists(folder.resolve("audit.2"))).isTrue();
    assertThat(Files.exists(folder.resolve("audit.3"))).isFalse();
  }

  @Test
  void lineThatWasCutOff_isEnded_beforeTheNext() throws Exception {
    Files.writeString(file(), "{\"time\":");

    try (AuditTrail trail = toFile(1_000_000, 2)) {
      trail.record(start("again"));
    }

    assertThat(Files.readAllLines(file())).hasSize(2);
    assertThat(Files.readAllLines(file()).get(1)).contains("again");
  }

  @Test
  void fileThatCannotBeWritten_isRefusedAtTheStart() {
    assertThatThrownBy(
            () -> AuditTrail.toFile(folder.resolve("no/audit"), 1000, 1, "a:1", () -> NOW))
        .isInstanceOf(IOException.class);
  }

  /** An output whose disk is full, or which is slow, as the test wants it. */
  private static final class TestOutput implements AuditOutput {
    private final List<AuditLine> lines = new ArrayList<>();
    private final CountDownLatch open = new CountDownLatch(1);
    private final CountDownLatch failed = new CountDownLatch(3);
    private volatile boolean full;

    @Override
    public void write(AuditLine line) throws IOException {
      try {
        open.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (full) {
        failed.countDown();
        throw new IOException("No space left on device");
      }
      lines.add(line);
    }

    @Override
    public void close() {}

    long count(AuditKind kind) {
      return lines.stream().filter(line -> line.entry().kind() == kind).count();
    }
  }

  @Test
  void fullDisk_isCounted_andToldWithTheNextLine() throws Exception {
    TestOutput output = new TestOutput();
    output.full = true;
    output.open.countDown();
    AuditTrail trail = new AuditTrail(output, "a:1", () -> NOW);
    for (int i = 0; i < 3; i++) {
      trail.record(start("lost"));
    }
    output.failed.await();
    output.full = false;
    trail.record(start("there is room again"));
    trail.close();

    assertThat(trail.droppedCount(AuditKind.START)).isEqualTo(3);
    assertThat(output.count(AuditKind.DROPPED)).isEqualTo(1);
    assertThat(output.count(AuditKind.START)).isEqualTo(1);
  }

  @Test
  void eventsWithoutRoom_areDroppedAndTold_butActsOfOperatorsHaveTheirOwn() {
    TestOutput output = new TestOutput();
    AuditTrail trail = new AuditTrail(output, "a:1", () -> NOW);
    for (int i = 0; i < AuditTrail.MAX_WAITING + 10; i++) {
      trail.record(AuditEntry.of(AuditKind.AUTHENTICATED));
    }
    long dropped = trail.droppedCount(AuditKind.AUTHENTICATED);
    assertThat(dropped).isBetween((long) AuditTrail.RESERVED, AuditTrail.RESERVED + 10L);
    trail.record(start("kept"));
    output.open.countDown();
    trail.close();

    assertThat(trail.droppedCount(AuditKind.START)).isZero();
    assertThat(output.count(AuditKind.START)).isEqualTo(1);
    AuditLine told =
        output.lines.stream()
            .filter(line -> line.entry().kind() == AuditKind.DROPPED)
            .findFirst()
            .orElseThrow();
    assertThat(told.fields())
        .containsEntry("count", dropped)
        .containsEntry("reason", "since the start: authenticated=" + dropped);
  }

  @Test
  void equalRefusals_becomeOneLineWithTheirNumber() {
    TestOutput output = new TestOutput();
    output.open.countDown();
    AuditTrail trail = new AuditTrail(output, "a:1", () -> NOW);
    RefusalKey key = new RefusalKey(AuditKind.REFUSED, "token:a", "10.0.0.1", "acquire", "x");
    for (int i = 0; i < 100_000; i++) {
      trail.recordRefusal(key, key::entry);
    }
    trail.close();

    long counted =
        output.lines.stream()
            .mapToLong(line -> (long) line.entry().fields().getOrDefault("count", 1L))
            .sum();
    assertThat(counted).isEqualTo(100_000);
    assertThat(output.lines).hasSizeLessThan(1_000);
  }
}
