package dev.fencepost.lock.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreOptionsTest {
  @TempDir Path folder;

  @Test
  void whatIsGiven_isRead() throws Exception {
    Path file = Files.createFile(folder.resolve("ca.pem"));
    StoreOptions options =
        options(
            Map.of(
                "user", "app",
                "tls", "true",
                "queue", "100",
                "timeout", "10s",
                "kept", "3650d",
                "ca", file.toString()));
    assertThat(options.text("user")).contains("app");
    assertThat(options.flag("tls")).isTrue();
    assertThat(options.number("queue", 100, 200)).contains(100);
    assertThat(options.duration("timeout", Duration.ofSeconds(1), Duration.ofSeconds(10)))
        .contains(Duration.ofSeconds(10));
    assertThat(options.retention("kept", Duration.ofDays(1))).contains(Duration.ofDays(3650));
    assertThat(options.file("ca")).contains(file);
    options.requireAllKnown();
  }

  @Test
  void whatIsNotGiven_isAbsent() {
    StoreOptions options = options(Map.of());
    assertThat(options.text("user")).isEmpty();
    assertThat(options.flag("tls")).isFalse();
    assertThat(options.number("queue", 1, 2)).isEmpty();
    assertThat(options.retention("kept", Duration.ofDays(1))).isEmpty();
    assertThat(options.file("ca")).isEmpty();
    options.requireAllKnown();
  }

  @Test
  void whatIsOutOfRange_isRefusedByNameWithTheRange() {
    StoreOptions options =
        options(
            Map.of(
                "tls",
                "yes",
                "queue",
                "201",
                "batch",
                "many",
                "timeout",
                "1",
                "kept",
                "23h",
                "ca",
                folder.resolve("none.pem").toString()));
    assertRefused("store option tls: \"yes\" (expected: true or false)", () -> options.flag("tls"));
    assertRefused(
        "store option queue: \"201\" (expected: 100–200)", () -> options.number("queue", 100, 200));
    assertRefused(
        "store option batch: \"many\" (expected: 1–9)", () -> options.number("batch", 1, 9));
    assertRefused(
        "store option timeout: \"1\" (expected: a number and a unit",
        () -> options.duration("timeout", Duration.ofSeconds(1), Duration.ofSeconds(10)));
    assertRefused(
        "store option kept: \"23h\" (expected: 24h–3650d)",
        () -> options.retention("kept", Duration.ofDays(1)));
    assertRefused("store option ca: ", () -> options.file("ca"));
    StoreOptions odd = options(Map.of("key", "\0"));
    assertRefused("store option key: \"\\u0000\"", () -> odd.file("key"));
  }

  @Test
  void whatIsNotAskedFor_isRefusedWithThoseThatAre() {
    StoreOptions options = options(Map.of("bath-size", "7"));
    assertThat(options.number("queue", 1, 2)).isEmpty();
    assertThat(options.number("batch-size", 1, 2)).isEmpty();
    assertRefused(
        "store option bath-size: unknown (expected: one of batch-size, queue)",
        options::requireAllKnown);
  }

  @Test
  void callTimeout_hasARange() {
    for (Duration bad : new Duration[] {Duration.ofMillis(99), Duration.ofSeconds(61)}) {
      assertRefused("store call timeout: ", () -> new StoreSettings("redis://a", bad, Map.of()));
    }
  }

  private static StoreOptions options(Map<String, String> given) {
    return new StoreOptions(new StoreSettings("store:", StoreSettings.DEFAULT_CALL_TIMEOUT, given));
  }

  private static void assertRefused(String message, ThrowingCallable reading) {
    assertThatThrownBy(reading)
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageStartingWith(message);
  }
}
