package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.replica.OpenReplica;
import java.time.Duration;
import java.util.Map;

/** An open backend on a SQL database. */
public final class TestReplica extends OpenReplica<LockBackend> {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration LONG_CALL_TIMEOUT = Duration.ofSeconds(30);
  private static final String UNCHECKED_IDLE_MILLIS = "com.zaxxer.hikari.aliveBypassWindowMs";

  public TestReplica(String uri) {
    this(uri, Map.of());
  }

  public TestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  private TestReplica(StoreSettings settings) {
    super(new JdbcBackendProvider().create(settings));
  }

  /** A replica whose calls do not time out on a busy machine. */
  static TestReplica patient(String uri) {
    return new TestReplica(new StoreSettings(uri, LONG_CALL_TIMEOUT, Map.of()));
  }

  /**
   * A replica whose connection pools do not check a connection that was idle. With the check, which
   * follows half a second of idleness, a proxy that swallows answers would swallow the check's
   * answer, and the command would never be sent.
   */
  static TestReplica withoutIdleChecks(String uri) {
    System.setProperty(UNCHECKED_IDLE_MILLIS, Long.toString(Duration.ofDays(1).toMillis()));
    try {
      return new TestReplica(uri);
    } finally {
      System.clearProperty(UNCHECKED_IDLE_MILLIS);
    }
  }
}
