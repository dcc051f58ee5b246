package dev.fencepost.spring;

import dev.fencepost.client.LockHandle;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;

/**
 * Lets every transaction manager present the tokens of the thread's locked methods at each begin,
 * if there is a fence, and check before each commit that their locks are held. The exception rolls
 * the transaction back.
 */
final class CommitGuardInstaller implements BeanPostProcessor {
  private final ObjectProvider<TransactionFence> fence;

  CommitGuardInstaller(ObjectProvider<TransactionFence> fence) {
    this.fence = fence;
  }

  @Override
  public Object postProcessAfterInitialization(Object bean, String beanName) {
    if (bean instanceof ConfigurableTransactionManager manager) {
      manager.addListener(new CommitGuard(fence));
    }
    return bean;
  }

  private static final class CommitGuard implements TransactionExecutionListener {
    private final ObjectProvider<TransactionFence> fence;

    CommitGuard(ObjectProvider<TransactionFence> fence) {
      this.fence = fence;
    }

    /** An exception from here would leave the transaction open, so a refusal waits for its end. */
    @Override
    public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
      if (failure == null) {
        fence.ifAvailable(present -> CurrentLock.forEach(present::present));
      }
    }

    @Override
    public void beforeCommit(TransactionExecution transaction) {
      CurrentLock.forEach(LockHandle::requireHeld);
    }
  }
}
