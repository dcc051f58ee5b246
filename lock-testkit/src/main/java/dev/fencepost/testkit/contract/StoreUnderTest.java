package dev.fencepost.testkit.contract;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;

/**
 * A store that the contract is tried on, with what a test does to a store behind its backends'
 * backs. It is empty at first and private to the test class. Only {@link #newBackend} is called by
 * several threads.
 */
public interface StoreUnderTest extends AutoCloseable {

  /** Makes the backend of one more replica, through the store's own provider; not opened yet. */
  LockBackend newBackend();

  /** Whether the store itself tells a replica that its turn has come. */
  boolean wakesByNotification();

  /**
   * Whether a replica's highest seen token is the floor of the next one, wherever the store's clock
   * is (as with Redis and SQL).
   */
  boolean honoursTokenFloor();

  /** Ends the store and starts it again, in good order. All backends are closed before. */
  void restart();

  /**
   * Makes the store as if it had been swapped for a new one: without locks, marks and its former
   * id, but fit for use. Backends may be open.
   */
  void wipe();

  /**
   * Forgets at once all that the store forgets after a quiet time; does nothing if it never does.
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

  /** What keeps a record from being read. */
  enum Damage {
    /** It is none at all: cut off, or overwritten by somebody else. */
    GARBAGE,
    /** A later version wrote it, in its own format. */
    LATER_FORMAT,
    /** A later version wrote it, with a mode that this one does not know. */
    UNKNOWN_MODE
  }

  /** Lets so much time pass for the store. */
  default void elapse(Duration time) {
    await().pollDelay(time).atMost(time.plusSeconds(10)).until(() -> true);
  }

  /** How long after the end of a lease or a closing the lock may still not be had. */
  default Duration expirySlack() {
    return Duration.ofSeconds(1);
  }

  /** How long a test waits for what must come but may take its time, such as a wake-up. */
  default Duration patience() {
    return Duration.ofSeconds(10);
  }

  /** Ends the store. All backends are closed before. */
  @Override
  void close();

  /** Writes that wait. */
  interface Stall {

    /** Lets them go on; does nothing the second time. */
    void end();
  }
}
