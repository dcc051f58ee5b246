package dev.fencepost.spring.integration;

import dev.fencepost.client.FencepostClient;
import java.time.Duration;
import org.springframework.integration.support.locks.DistributedLock;
import org.springframework.integration.support.locks.ExpirableLockRegistry;
import org.springframework.integration.support.locks.RenewableLockRegistry;

/**
 * Locks of Spring Integration 7 on a Fencepost server. Thread-safe.
 *
 * <p>A lock belongs to the thread that locked it, is reentrant and renews itself until it is
 * unlocked. It can be lost meanwhile; then {@code unlock} throws {@link
 * dev.fencepost.client.LockLostException}. The registry keeps nothing: two locks of one key are
 * equal and are one lock for a thread.
 */
public final class FencepostLockRegistry
    implements ExpirableLockRegistry<DistributedLock>, RenewableLockRegistry<DistributedLock> {
  private final FencepostClient client;
  private final String registryKey;

  /**
   * Makes a registry.
   *
   * @param client takes the locks; the caller closes it at the end
   * @param registryKey tells registries of one server apart: the lock of a key is named {@code
   *     registryKey/key}
   */
  public FencepostLockRegistry(FencepostClient client, String registryKey) {
    this.client = client;
    this.registryKey = registryKey;
  }

  /**
   * Returns the lock of a key.
   *
   * @throws dev.fencepost.lock.InvalidValueException if the name is longer than 512 bytes of UTF-8
   *     or has control characters
   */
  @Override
  public RegisteredLock obtain(Object key) {
    return new RegisteredLock(client, client.lock(registryKey + "/" + key).name());
  }

  /** Does nothing: the registry keeps no lock that could be unused. */
  @Override
  public void expireUnusedOlderThan(long ageMillis) {}

  /**
   * Checks that this thread holds the lock, which renews itself.
   *
   * @throws IllegalStateException if this thread does not hold it, or has lost it
   */
  @Override
  public void renewLock(Object key) {
    RegisteredLock lock = obtain(key);
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(lock.name() + " is not held by this thread");
    }
  }

  /** As {@link #renewLock(Object)}. The lease of a lock does not change while it is held. */
  @Override
  public void renewLock(Object key, Duration ttl) {
    renewLock(key);
  }
}
