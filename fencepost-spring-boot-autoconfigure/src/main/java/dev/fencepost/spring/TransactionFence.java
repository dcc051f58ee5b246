package dev.fencepost.spring;

import dev.fencepost.client.LockHandle;
import dev.fencepost.fence.JdbcFence;
import dev.fencepost.fence.StaleTokenException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.support.SQLStateSQLExceptionTranslator;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Presents the tokens of the thread's locks to the guard table, on the connection of the thread's
 * transaction. A transaction whose token is refused is not committed. Thread-safe.
 */
final class TransactionFence {
  private final JdbcFence fence;
  private final ObjectProvider<DataSource> source;

  /** The locks whose marks are locked by transactions of this thread, suspended ones included. */
  private final ThreadLocal<Set<LockHandle>> presented = ThreadLocal.withInitial(HashSet::new);

  /**
   * Makes a fence.
   *
   * @param guardTable the table of the marks, in the database of the source
   */
  TransactionFence(String guardTable, ObjectProvider<DataSource> source) {
    this.fence = JdbcFence.table(guardTable);
    this.source = source;
  }

  /**
   * Presents the lock's token in the transaction of this thread, unless that one is read-only, or a
   * suspended one of this thread has the mark's row already.
   *
   * @return the refusal with which the transaction will end; empty if the token passed
   * @throws IllegalStateException if the transaction has no synchronization
   */
  Optional<RuntimeException> present(LockHandle handle) {
    if (TransactionSynchronizationManager.isCurrentTransactionReadOnly()
        || !presented.get().add(handle)) {
      return Optional.empty();
    }
    Optional<RuntimeException> refusal = refusalOf(handle);
    TransactionSynchronizationManager.registerSynchronization(new Presentation(handle, refusal));
    return refusal;
  }

  private Optional<RuntimeException> refusalOf(LockHandle handle) {
    try {
      fence.check(connection(), handle.name(), handle.token());
      return Optional.empty();
    } catch (SQLException e) {
      return Optional.of(translated(handle, e));
    } catch (StaleTokenException | IllegalStateException e) {
      return Optional.of(e);
    }
  }

  private Connection connection() {
    DataSource database = source.getIfUnique();
    if (database == null) {
      throw new IllegalStateException("fencepost.fence-table: needs one DataSource, or a @Primary");
    }
    Object resource = TransactionSynchronizationManager.getResource(database);
    if (resource instanceof ConnectionHolder holder) {
      return holder.getConnection();
    }
    throw new IllegalStateException(
        "fencepost.fence-table: the transaction has no connection of the DataSource");
  }

  private static DataAccessException translated(LockHandle handle, SQLException failure) {
    String task = "fence of lock " + handle.name();
    DataAccessException known = new SQLStateSQLExceptionTranslator().translate(task, null, failure);
    return known == null ? new DataAccessResourceFailureException(task, failure) : known;
  }

  /** One lock in one transaction. */
  private final class Presentation implements TransactionSynchronization {
    private final LockHandle handle;
    private final Optional<RuntimeException> refusal;

    Presentation(LockHandle handle, Optional<RuntimeException> refusal) {
      this.handle = handle;
      this.refusal = refusal;
    }

    @Override
    public void beforeCommit(boolean readOnly) {
      refusal.ifPresent(
          failure -> {
            throw failure;
          });
    }

    @Override
    public void afterCompletion(int status) {
      presented.get().remove(handle);
      if (presented.get().isEmpty()) {
        presented.remove();
      }
    }
  }
}
