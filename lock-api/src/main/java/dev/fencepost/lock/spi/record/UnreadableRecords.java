package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Collects the locks whose records could not be read in a bulk read, and the entries that belong to
 * no lock. Each is left out of the result and reported once: it is met again by every listing, and
 * repeated log lines would hide all others. Thread-safe.
 */
public final class UnreadableRecords {

  /** Most reported locks and entries; their names take 512 KiB at most. */
  public static final int MOST_REPORTED = 1_000;

  private final Set<String> reported = ConcurrentHashMap.newKeySet();
  private final Reporter reporter;

  /** Receives each report, usually for the log. */
  @FunctionalInterface
  public interface Reporter {

    /**
     * Reports an unreadable record that is met for the first time.
     *
     * @param count how many locks and entries were reported until now, this one included
     * @param message names the lock or the entry, and what is wrong with it
     */
    void report(int count, String message);
  }

  /** Makes an empty set. */
  public UnreadableRecords(Reporter reporter) {
    this.reporter = reporter;
  }

  /**
   * Reads a record; empty if it is unreadable.
   *
   * @throws StoreException for any other failure
   */
  public <T> Optional<T> skipping(LockName lock, Supplier<T> reading) {
    try {
      return Optional.of(reading.get());
    } catch (StoreException e) {
      if (e.failure() != Failure.RECORD_UNREADABLE) {
        throw e;
      }
      skipped(lock, e);
      return Optional.empty();
    }
  }

  /** Records that a lock was left out. */
  public void skipped(LockName lock, StoreException why) {
    report(lock.value(), String.valueOf(why.getMessage()));
  }

  /**
   * Records that an entry was left out because its key is the name of no lock. Entries whose keys
   * have the same first 64 characters count as one.
   *
   * @param key as the store shows it; the report has it shortened and printable
   */
  public void skippedForeign(String key) {
    String shown = InvalidValueException.of("key", key, "a lock's name").shownValue();
    report(shown, "the entry " + shown + " belongs to no lock");
  }

  private void report(String name, String message) {
    if (reported.size() < MOST_REPORTED && reported.add(name)) {
      reporter.report(reported.size(), message);
    }
  }
}
