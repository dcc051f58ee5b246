package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import org.springframework.integration.jdbc.lock.DefaultLockRepository;
import org.springframework.integration.jdbc.lock.JdbcLockRegistry;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** Spring Integration's lock registry on JDBC, with its defaults. It polls every 100 ms. */
public final class SpringJdbcPeer implements Contender {
  private final HikariDataSource pool;
  private final JdbcLockRegistry registry;

  /** Connects and creates the table. */
  public SpringJdbcPeer(ContenderSettings settings) throws SQLException {
    pool = PeerConnectionPool.open(settings, PeerConnectionPool.CONNECTIONS);
    PeerConnectionPool.execute(
        pool,
        "CREATE TABLE IF NOT EXISTS INT_LOCK (LOCK_KEY CHAR(36) NOT NULL,"
            + " REGION VARCHAR(100) NOT NULL, CLIENT_ID CHAR(36),"
            + " CREATED_DATE TIMESTAMP NOT NULL, EXPIRED_AFTER TIMESTAMP NOT NULL,"
            + " CONSTRAINT INT_LOCK_PK PRIMARY KEY (LOCK_KEY, REGION))");
    DefaultLockRepository repository = new DefaultLockRepository(pool);
    repository.setTransactionManager(new JdbcTransactionManager(pool));
    repository.afterPropertiesSet();
    repository.afterSingletonsInstantiated();
    repository.start();
    registry = new JdbcLockRegistry(repository, settings.lease());
  }

  @Override
  public TakenLock acquire(String lock) throws InterruptedException {
    Lock taken = registry.obtain(lock);
    taken.lockInterruptibly();
    return taken::unlock;
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    Lock wanted = registry.obtain(lock);
    return wanted.tryLock() ? Optional.of(wanted::unlock) : Optional.empty();
  }

  @Override
  public void close() {
    pool.close();
  }
}
