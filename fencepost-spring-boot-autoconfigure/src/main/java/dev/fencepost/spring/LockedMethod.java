package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.spring.FencepostLock.OnLoss;
import dev.fencepost.spring.FencepostLock.Otherwise;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * A method with {@link FencepostLock}, checked once.
 *
 * @param method the method
 * @param name the name of its lock
 * @param maxWait longest wait; zero: one try
 * @param ttl lease; empty: the client's
 * @param annotation the annotation
 * @param otherwise the method that a refusal calls; empty unless {@link Otherwise#CALL}
 * @param onLoss the method that a loss calls; empty unless {@link OnLoss#CALLBACK}
 */
record LockedMethod(
    Method method,
    LockNameTemplate name,
    Duration maxWait,
    Optional<Duration> ttl,
    FencepostLock annotation,
    Optional<Method> otherwise,
    Optional<Method> onLoss) {

  /** A method cannot be locked if its publisher works after it has returned. */
  private static final String PUBLISHER = "org.reactivestreams.Publisher";

  static LockedMethod read(Method method, Class<?> type) {
    FencepostLock annotation =
        AnnotatedElementUtils.findMergedAnnotation(method, FencepostLock.class);
    if (annotation == null) {
      throw invalid(method, "is missing");
    }
    requireLockable(method, annotation);
    return new LockedMethod(
        method,
        LockNameTemplate.parse(annotation.name(), method),
        DurationFormat.parse("maxWait", annotation.maxWait()),
        annotation.ttl().isEmpty()
            ? Optional.empty()
            : Optional.of(DurationFormat.parse("ttl", annotation.ttl())),
        annotation,
        otherwise(annotation, method, type),
        onLoss(annotation, method, type));
  }

  /** Describes the lock of one call. */
  dev.fencepost.client.FencepostLock lock(
      FencepostClient client, Object target, @Nullable Object[] arguments) {
    dev.fencepost.client.FencepostLock lock = client.lock(name.evaluate(target, method, arguments));
    return ttl.map(lock::withTtl).orElse(lock);
  }

  /** Fills in the handle and the token where the caller passed null. */
  void fillIn(@Nullable Object[] arguments, LockHandle handle) {
    Class<?>[] types = method.getParameterTypes();
    for (int i = 0; i < types.length; i++) {
      if (arguments[i] == null && types[i] == LockHandle.class) {
        arguments[i] = handle;
      } else if (arguments[i] == null && types[i] == FencingToken.class) {
        arguments[i] = handle.token();
      }
    }
  }

  /** Returns the result of a call that was left out. */
  @Nullable Object skipped() {
    return method.getReturnType() == Optional.class ? Optional.empty() : null;
  }

  private static void requireLockable(Method method, FencepostLock annotation) {
    int modifiers = method.getModifiers();
    if (Modifier.isPrivate(modifiers)
        || Modifier.isStatic(modifiers)
        || Modifier.isFinal(modifiers)) {
      throw invalid(method, "does nothing on a private, static or final method");
    }
    Class<?> result = method.getReturnType();
    if (Future.class.isAssignableFrom(result)
        || CompletionStage.class.isAssignableFrom(result)
        || Flow.Publisher.class.isAssignableFrom(result)
        || isReactive(result)) {
      throw invalid(method, "ends before the work of a " + result.getSimpleName());
    }
    boolean isPrimitive = result.isPrimitive() && result != void.class;
    if (annotation.otherwise() == Otherwise.SKIP && isPrimitive) {
      throw invalid(method, "cannot skip a method that returns " + result);
    }
  }

  private static boolean isReactive(Class<?> result) {
    return ClassUtils.getAllInterfacesForClassAsSet(result).stream()
        .anyMatch(each -> each.getName().equals(PUBLISHER));
  }

  private static Optional<Method> otherwise(
      FencepostLock annotation, Method method, Class<?> type) {
    String name = annotation.otherwiseMethod();
    if ((annotation.otherwise() == Otherwise.CALL) == name.isEmpty()) {
      throw invalid(method, "needs otherwise = CALL and otherwiseMethod together");
    }
    if (name.isEmpty()) {
      return Optional.empty();
    }
    Method found = find(method, type, name, method.getParameterTypes());
    if (found.getReturnType() != method.getReturnType()) {
      throw invalid(method, "names " + found + ", which returns something else");
    }
    return Optional.of(found);
  }

  private static Optional<Method> onLoss(FencepostLock annotation, Method method, Class<?> type) {
    String name = annotation.onLossMethod();
    if ((annotation.onLoss() == OnLoss.CALLBACK) == name.isEmpty()) {
      throw invalid(method, "needs onLoss = CALLBACK and onLossMethod together");
    }
    return name.isEmpty()
        ? Optional.empty()
        : Optional.of(find(method, type, name, GrantLoss.class));
  }

  private static Method find(
      Method method, Class<?> type, String name, Class<?>... parameterTypes) {
    Method found = ReflectionUtils.findMethod(type, name, parameterTypes);
    if (found == null) {
      throw invalid(method, "names " + name + ", which does not exist with those parameters");
    }
    ReflectionUtils.makeAccessible(found);
    return found;
  }

  static IllegalStateException invalid(Method method, String problem) {
    return new IllegalStateException("@FencepostLock on " + method + " " + problem);
  }
}
