package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import org.springframework.jdbc.core.JdbcTemplate;

/** ShedLock on JDBC, by the database's clock. It never waits; whoever wants to, polls. */
public final class ShedLock implements Contender {
  private static final long POLL_MICROS = 5000;

  private final HikariDataSource pool;
  private final LockProvider locks;
  private final Duration lease;

  /** Connects and makes the table. */
  public ShedLock(Settings settings) throws SQLException {
    pool = Pool.open(settings, Pool.CONNECTIONS);
    lease = settings.lease();
    Pool.run(
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
  public Held acquire(String lock) throws Exception {
    return Poll.every(POLL_MICROS, () -> tryAcquire(lock));
  }

  @Override
  public Optional<Held> tryAcquire(String lock) {
    return locks
        .lock(new LockConfiguration(Instant.now(), lock, lease, Duration.ZERO))
        .map(taken -> taken::unlock);
  }

  @Override
  public void close() {
    pool.close();
  }
}
