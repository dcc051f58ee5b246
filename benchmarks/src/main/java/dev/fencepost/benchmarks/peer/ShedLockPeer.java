package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import org.springframework.jdbc.core.JdbcTemplate;

/** ShedLock on JDBC, by the database's clock. It never waits, so a waiter polls. */
public final class ShedLockPeer implements Contender {
  private static final long POLL_MICROS = 5000;

  private final HikariDataSource pool;
  private final LockProvider locks;
  private final Duration lease;

  /** Connects and creates the table. */
  public ShedLockPeer(ContenderSettings settings) throws SQLException {
    pool = PeerConnectionPool.open(settings, PeerConnectionPool.CONNECTIONS);
    lease = settings.lease();
    PeerConnectionPool.execute(
        pool,
        "CREATE TABLE IF NOT EXISTS shedlock (name VARCHAR(64) NOT NULL PRIMARY KEY,"
            + " lock_until TIMESTAMP(3) NOT NULL, locked_at TIMESTAMP(3) NOT NULL,"
            + " locked_by VARCHAR(255) NOT NULL)");
    locks =
        new JdbcTemplateLockProvider(
            JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(new JdbcTemplate(pool))
                .usingDbTime()
                .build());
  }

  @Override
  public TakenLock acquire(String lock) throws Exception {
    return PollingWait.poll(POLL_MICROS, () -> tryAcquire(lock));
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    return locks
        .lock(new LockConfiguration(Instant.now(), lock, lease, Duration.ZERO))
        .map(taken -> taken::unlock);
  }

  @Override
  public void close() {
    pool.close();
  }
}
