package dev.fencepost.spring;

import dev.fencepost.client.LockHandle;
import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Keeps a lock that was taken inside a transaction until that has ended. */
final class OuterTransaction implements TransactionSynchronization, Ordered {
  private final LockHandle handle;

  private OuterTransaction(LockHandle handle) {
    this.handle = handle;
  }

  /**
   * Binds the lock to the transaction of this thread.
   *
   * @return false if no transaction runs
   */
  static boolean keepUntilItsEnd(LockHandle handle) {
    if (!TransactionSynchronizationManager.isActualTransactionActive()
        || !TransactionSynchronizationManager.isSynchronizationActive()) {
      return false;
    }
    TransactionSynchronizationManager.registerSynchronization(new OuterTransaction(handle));
    return true;
  }

  @Override
  public int getOrder() {
    return Ordered.LOWEST_PRECEDENCE;
  }

  @Override
  public void beforeCommit(boolean readOnly) {
    handle.requireHeld();
  }

  @Override
  public void afterCompletion(int status) {
    handle.close();
  }
}
