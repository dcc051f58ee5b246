package dev.fencepost.testkit.contract;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;

/**
 * A store under the contract test, with actions on it that bypass its backends. It is empty at
 * first and private to the test class. Only {@link #newBackend} is called by several threads.
 */
public interface StoreUnderTest extends AutoCloseable {

  /** Makes the backend of one more replica, through the store's own provider; not opened yet. */
  LockBackend newBackend();

  /** Returns true if the store itself notifies a replica of its turn. */
  boolean wakesByNotification();

  /**
   * Returns true if a replica's highest seen token is the floor of the next one, regardless of the
   * store's clock (as with Redis and SQL).
   */
  boolean honoursTokenFloor();

  /** Ends the store and starts it again, in good order. All backends are closed before. */
  void restart();

  /**
   * Makes the store look as if it were replaced by a new one: without locks, marks and its former
   * id, but ready for use. Backends may be open.
   */
  void wipe();

  /**
   * Purges at once all records that the store purges after a quiet time; does nothing if it never
   * purges.
   */
  void purgeIdle();

  /**
   * Makes a lock that is free look as if its last grant had had this token, far ahead of the
   * store's clock.
   */
  void raiseToken(LockName lock, FencingToken last);

  /**
   * Makes every write to the lock wait in the store (by a lock on its row, by pausing the store)
   * until the answer is ended.
   */
  Stall stall(LockName lock);

  /** Replaces the record of a lock that is held by one that this version cannot read. */
  void spoil(LockName lock, Damage damage);

  /**
   * Moves the record of a lock that is held to a name that no lock has. A store that cannot have
   * such a name deletes the record.
   *
   * @param name the bytes where the store keeps the UTF-8 of a lock's name
   */
  void misname(LockName lock, byte[] name);

  /** The reason why a record is unreadable. */
  enum Damage {
    /** It is no record: cut off, or overwritten. */
    GARBAGE,
    /** A later version wrote it, in another format. */
    LATER_FORMAT,
    /** A later version wrote it, with an unknown mode. */
    UNKNOWN_MODE
  }

  /** Advances the store's time. */
  default void elapse(Duration time) {
    await().pollDelay(time).atMost(time.plusSeconds(10)).until(() -> true);
  }

  /**
   * Returns the time for which a lock may still be unavailable after the end of a lease or of a
   * closing.
   */
  default Duration expirySlack() {
    return Duration.ofSeconds(1);
  }

  /** Returns the time limit for events that may take time, such as a wake-up. */
  default Duration patience() {
    return Duration.ofSeconds(10);
  }

  /** Ends the store. All backends are closed before. */
  @Override
  void close();

  /** Writes that wait. */
  interface Stall {

    /** Resumes them; does nothing the second time. */
    void end();
  }
}
