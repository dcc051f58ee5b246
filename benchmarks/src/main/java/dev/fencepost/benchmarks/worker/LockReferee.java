package dev.fencepost.benchmarks.worker;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Watches every critical section during the measurement. Two callers must never be inside together,
 * and each token must be above the one before. The workers of a contender share it through a
 * memory-mapped file, so a check costs nanoseconds. Safe for use by many threads and processes.
 */
public final class LockReferee implements AutoCloseable {
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final int CELL_BYTES = 32;
  private static final int TOKEN_OFFSET = 8;
  private static final int LAST_CALLER_OFFSET = 16;
  private static final int MAX_REPORTED = 5;

  private final FileChannel file;
  private final MappedByteBuffer cells;
  private final List<String> violations = new ArrayList<>();
  private long count;

  private LockReferee(FileChannel file, MappedByteBuffer cells) {
    this.file = file;
    this.cells = cells;
  }

  /** Opens or creates a file for the number of locks. */
  public static LockReferee open(Path path, int locks) throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    long bytes = (long) locks * CELL_BYTES;
    return new LockReferee(file, file.map(FileChannel.MapMode.READ_WRITE, 0, bytes));
  }

  /** Records a grant. Returns true if another caller had the lock before. */
  boolean enter(int lock, long caller, long token) {
    int cell = lock * CELL_BYTES;
    long other = (long) LONG.compareAndExchange(cells, cell, 0L, caller);
    if (other != 0) {
      report("lock " + lock + ": " + caller + " was let in while " + other + " was inside");
    }
    if (token != 0) {
      long last = (long) LONG.getAndSet(cells, cell + TOKEN_OFFSET, token);
      if (token <= last) {
        report("lock " + lock + ": token " + token + " was granted after " + last);
      }
    }
    return (long) LONG.getAndSet(cells, cell + LAST_CALLER_OFFSET, caller) != caller;
  }

  /** Records that the caller is about to release the lock. */
  void leave(int lock, long caller) {
    LONG.compareAndSet(cells, lock * CELL_BYTES, caller, 0L);
  }

  /** Records the death of the caller that is inside. */
  public void clear(int lock) {
    LONG.setVolatile(cells, lock * CELL_BYTES, 0L);
  }

  /** Records a violation that another check found. */
  synchronized void report(String violation) {
    count++;
    if (violations.size() < MAX_REPORTED) {
      violations.add(violation);
    }
  }

  /** Returns the violations since the last call: the first few in words, and the number of more. */
  synchronized List<String> takeViolations() {
    List<String> taken = new ArrayList<>(violations);
    if (count > violations.size()) {
      taken.add((count - violations.size()) + " more");
    }
    violations.clear();
    count = 0;
    return taken;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
