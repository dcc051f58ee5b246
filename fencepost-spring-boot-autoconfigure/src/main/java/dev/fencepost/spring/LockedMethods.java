package dev.fencepost.spring;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.aop.support.AopUtils;
import org.springframework.util.ClassUtils;

/** The locked methods of the application. Thread-safe. */
final class LockedMethods {
  private final Map<Key, LockedMethod> known = new ConcurrentHashMap<>();

  private record Key(Method method, Class<?> type) {}

  /**
   * Returns the method's description.
   *
   * @throws IllegalStateException if it cannot be locked
   */
  LockedMethod of(Method method, Class<?> type) {
    Class<?> user = ClassUtils.getUserClass(type);
    Method specific = AopUtils.getMostSpecificMethod(method, user);
    return known.computeIfAbsent(
        new Key(specific, user), key -> LockedMethod.read(key.method(), key.type()));
  }
}
