package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import java.lang.reflect.Method;
import org.springframework.aop.support.StaticMethodMatcherPointcutAdvisor;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Finds locked methods. Outside of {@code @Transactional}, inside of {@code @Async}. */
final class FencepostLockAdvisor extends StaticMethodMatcherPointcutAdvisor {
  private static final long serialVersionUID = 1L;
  private static final int BEFORE_TRANSACTIONS = 100;

  private final transient LockedMethods methods = new LockedMethods();

  FencepostLockAdvisor(
      ObjectProvider<FencepostClient> client, ObjectProvider<TransactionFence> fence) {
    setOrder(Ordered.LOWEST_PRECEDENCE - BEFORE_TRANSACTIONS);
    setAdvice(new LockedMethodInterceptor(client, fence, methods));
  }

  /** Fails, and with it the start of the application, if a method cannot be locked. */
  @Override
  public boolean matches(Method method, Class<?> type) {
    if (!AnnotatedElementUtils.hasAnnotation(method, FencepostLock.class)) {
      return false;
    }
    methods.of(method, type);
    return true;
  }
}
