package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.spring.FencepostLock.OnLoss;
import dev.fencepost.spring.FencepostLock.Otherwise;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/** Takes the lock, runs the method and gives the lock back. Thread-safe. */
final class LockedMethodInterceptor implements MethodInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(LockedMethodInterceptor.class);
  private static final boolean HAS_TRANSACTIONS =
      ClassUtils.isPresent(
          "org.springframework.transaction.support.TransactionSynchronizationManager",
          LockedMethodInterceptor.class.getClassLoader());

  private final ObjectProvider<FencepostClient> client;
  private final ObjectProvider<TransactionFence> fence;
  private final LockedMethods methods;

  LockedMethodInterceptor(
      ObjectProvider<FencepostClient> client,
      ObjectProvider<TransactionFence> fence,
      LockedMethods methods) {
    this.client = client;
    this.fence = fence;
    this.methods = methods;
  }

  @Override
  public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
    Object target = invocation.getThis();
    if (target == null) {
      return invocation.proceed();
    }
    LockedMethod locked = methods.of(invocation.getMethod(), target.getClass());
    dev.fencepost.client.FencepostLock lock =
        locked.lock(client.getObject(), target, invocation.getArguments());
    LockHandle handle;
    try {
      handle = lock.acquire(locked.maxWait());
    } catch (LockNotGrantedException e) {
      return otherwise(locked, target, invocation.getArguments(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for lock " + lock.name(), e);
    }
    boolean isKept = false;
    try {
      isKept = HAS_TRANSACTIONS && OuterTransaction.keepUntilItsEnd(handle);
      if (isKept) {
        presentToFence(handle);
      }
      return run(locked, target, invocation, handle);
    } finally {
      if (!isKept) {
        handle.close();
      }
    }
  }

  /** The outer transaction began before the lock was granted. */
  private void presentToFence(LockHandle handle) {
    TransactionFence present = fence.getIfAvailable();
    if (present != null) {
      present
          .present(handle)
          .ifPresent(
              refusal -> {
                throw refusal;
              });
    }
  }

  private static @Nullable Object run(
      LockedMethod locked, Object target, MethodInvocation invocation, LockHandle handle)
      throws Throwable {
    boolean interrupts = locked.annotation().onLoss() == OnLoss.INTERRUPT;
    LossInterrupt interrupt = new LossInterrupt();
    if (interrupts) {
      handle.onLost(loss -> interrupt.interruptBody());
    } else {
      handle.onLost(loss -> tell(locked.onLoss().orElseThrow(), target, loss));
    }
    CurrentLock.push(handle);
    try {
      Object[] arguments = invocation.getArguments();
      locked.fillIn(arguments, handle);
      ((ProxyMethodInvocation) invocation).setArguments(arguments);
      Object result = invocation.proceed();
      interrupt.endBody();
      if (interrupts) {
        handle.requireHeld();
      }
      return result;
    } catch (LockLostException e) {
      throw e;
    } catch (Throwable e) {
      interrupt.endBody();
      throw interrupts ? lostBecauseOf(handle, e) : e;
    } finally {
      interrupt.endBody();
      CurrentLock.pop();
    }
  }

  /** An interrupted method fails in its own way; the loss is the cause that its caller is told. */
  private static Throwable lostBecauseOf(LockHandle handle, Throwable failure) {
    try {
      handle.requireHeld();
      return failure;
    } catch (LockLostException e) {
      e.addSuppressed(failure);
      return e;
    }
  }

  private static @Nullable Object otherwise(
      LockedMethod locked,
      Object target,
      @Nullable Object[] arguments,
      LockNotGrantedException refusal)
      throws Throwable {
    if (locked.annotation().otherwise() == Otherwise.FAIL) {
      throw refusal;
    }
    LOG.debug("{} does not run: {}", locked.method(), refusal.getMessage());
    if (locked.annotation().otherwise() == Otherwise.SKIP) {
      return locked.skipped();
    }
    try {
      return locked.otherwise().orElseThrow().invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getTargetException();
    }
  }

  private static void tell(Method method, Object target, GrantLoss loss) {
    ReflectionUtils.invokeMethod(method, target, loss);
  }
}
