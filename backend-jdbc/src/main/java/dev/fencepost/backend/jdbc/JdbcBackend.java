package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.support.StoreOpener;
import dev.fencepost.lock.spi.support.StoreOpener.OpenedStore;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Opens a SQL database for one replica. Opening may be repeated after a failure. Safe for use by
 * many threads, one attempt at a time.
 */
final class JdbcBackend implements StoreOpener.BlockingOpener<JdbcStore> {
  private final SqlDialect dialect;
  private final JdbcSettings settings;
  private final Random random;

  JdbcBackend(SqlDialect dialect, JdbcSettings settings, Random random) {
    this.dialect = dialect;
    this.settings = settings;
    this.random = random;
  }

  @Override
  public OpenedStore<JdbcStore> open(Replica self, Consumer<LockName> wake) {
    try {
      dialect.prepare();
      JdbcStore store = new JdbcStore(dialect, settings, self, random);
      return new OpenedStore<>(store, store.start(wake));
    } catch (RuntimeException | Error e) {
      dialect.close(); // a store that failed is closed already
      throw e;
    }
  }
}
