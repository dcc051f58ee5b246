package dev.fencepost.backend.jdbc.batch;

import dev.fencepost.backend.jdbc.connection.ConnectionPool.ConnectionWork;
import dev.fencepost.lock.spi.support.LockCommand;

/**
 * A command to the database.
 *
 * @param <T> its answer
 */
public sealed interface JdbcCommand<T> {

  /** Two commands with the same key are never in one batch. */
  Object key();

  /** A step of one lock's record. */
  record OnLock<T>(LockCommand<T> step) implements JdbcCommand<T> {
    @Override
    public Object key() {
      return step.lock();
    }
  }

  /** Runs a function that is not a step of one lock. */
  record RunQuery<T>(ConnectionWork<T> function) implements JdbcCommand<T> {
    @Override
    public Object key() {
      return this;
    }
  }
}
