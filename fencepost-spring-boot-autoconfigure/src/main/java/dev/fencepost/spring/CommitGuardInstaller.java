package dev.fencepost.spring;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;

/**
 * Lets every transaction manager check, before each commit, that the locks of the thread's locked
 * methods are held. The exception rolls the transaction back.
 */
final class CommitGuardInstaller implements BeanPostProcessor {
  @Override
  public Object postProcessAfterInitialization(Object bean, String beanName) {
    if (bean instanceof ConfigurableTransactionManager manager) {
      manager.addListener(new CommitGuard());
    }
    return bean;
  }

  private static final class CommitGuard implements TransactionExecutionListener {
    @Override
    public void beforeCommit(TransactionExecution transaction) {
      CurrentLock.requireHeld();
    }
  }
}
