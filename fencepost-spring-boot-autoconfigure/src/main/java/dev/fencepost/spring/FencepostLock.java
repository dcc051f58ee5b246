package dev.fencepost.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a method of a bean under a lock.
 *
 * <p>The lock is taken before the method's own transaction begins and given back after its end. If
 * a transaction runs already when the method is called, the lock is kept until that one has ended.
 * Either commit is refused with {@link dev.fencepost.client.LockLostException} if the lock is lost.
 *
 * <p>A parameter of type {@link dev.fencepost.lock.FencingToken} or {@link
 * dev.fencepost.client.LockHandle} is filled in where the caller passes null. {@link CurrentLock}
 * has them for methods without parameters.
 *
 * <p>A call within the same object, through {@code this}, takes no lock. The application does not
 * start if the method is private, static or final, or returns before its work is done (a future or
 * a publisher).
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface FencepostLock {

  /**
   * The name of the lock, 1–512 bytes of UTF-8. Parts in <code>#{…}</code> are SpEL: parameters are
   * <code>#order</code> (compiled with {@code -parameters}) or <code>#a0</code>.
   */
  String name();

  /** Longest wait for the lock, for example {@code 5s}. Default: one try. */
  String maxWait() default "0";

  /** Lease of the lock, 2s–24h. Default: the client's. */
  String ttl() default "";

  /** The reaction to a lock that is not granted in time. */
  Otherwise otherwise() default Otherwise.FAIL;

  /**
   * For {@link Otherwise#CALL}: the name of a method of the same class with the same parameters and
   * the same result, which runs without the lock.
   */
  String otherwiseMethod() default "";

  /** The reaction to the loss of the lock while the method runs. */
  OnLoss onLoss() default OnLoss.INTERRUPT;

  /**
   * For {@link OnLoss#CALLBACK}: the name of a method of the same class with one parameter of type
   * {@link dev.fencepost.lock.GrantLoss}. It runs on a thread of the client.
   */
  String onLossMethod() default "";

  /** The reaction to a lock that is not granted in time. */
  enum Otherwise {
    /** {@link dev.fencepost.client.LockNotGrantedException} is thrown. */
    FAIL,
    /** The method does not run; the result is null or an empty {@code Optional}. */
    SKIP,
    /** Another method runs instead. */
    CALL
  }

  /** The reaction to the loss of the lock while the method runs. */
  enum OnLoss {
    /**
     * The method's thread is interrupted, and {@link dev.fencepost.client.LockLostException} is
     * thrown when the method ends.
     */
    INTERRUPT,
    /** A method is called meanwhile, and the locked method runs on. */
    CALLBACK
  }
}
