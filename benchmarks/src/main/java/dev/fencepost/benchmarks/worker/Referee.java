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
 * Watches every critical section while it is measured: that nobody is in it together with another,
 * and that each token is above the one before. Shared by the workers of a contender through memory
 * that is a file, so a look costs nanoseconds. Safe for use by many threads and processes.
 */
public final class Referee implements AutoCloseable {
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final int CELL_BYTES = 32;
  private static final int TOKEN = 8;
  private static final int LAST = 16;
  private static final int MOST_TOLD = 5;

  private final FileChannel file;
  private final MappedByteBuffer cells;
  private final List<String> found = new ArrayList<>();
  private long count;

  private Referee(FileChannel file, MappedByteBuffer cells) {
    this.file = file;
    this.cells = cells;
  }

  /** Opens the file, or makes it, for so many locks. */
  public static Referee open(Path path, int locks) throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    long bytes = (long) locks * CELL_BYTES;
    return new Referee(file, file.map(FileChannel.MapMode.READ_WRITE, 0, bytes));
  }

  /**
   * Somebody was granted a lock.
   *
   * @return whether he is another than the one before
   */
  boolean enter(int lock, long who, long token) {
    int cell = lock * CELL_BYTES;
    long other = (long) LONG.compareAndExchange(cells, cell, 0L, who);
    if (other != 0) {
      report("lock " + lock + ": " + who + " was let in while " + other + " was inside");
    }
    if (token != 0) {
      long last = (long) LONG.getAndSet(cells, cell + TOKEN, token);
      if (token <= last) {
        report("lock " + lock + ": token " + token + " was granted after " + last);
      }
    }
    return (long) LONG.getAndSet(cells, cell + LAST, who) != who;
  }

  /** Somebody is about to give the lock back. */
  void leave(int lock, long who) {
    LONG.compareAndSet(cells, lock * CELL_BYTES, who, 0L);
  }

  /** Whoever is inside is dead. */
  public void forget(int lock) {
    LONG.setVolatile(cells, lock * CELL_BYTES, 0L);
  }

  /** Something else was seen that must not be. */
  synchronized void report(String violation) {
    count++;
    if (found.size() < MOST_TOLD) {
      found.add(violation);
    }
  }

  /** What was found since the last time, the first few in words. */
  synchronized List<String> take() {
    List<String> all = new ArrayList<>(found);
    if (count > found.size()) {
      all.add((count - found.size()) + " more");
    }
    found.clear();
    count = 0;
    return all;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
