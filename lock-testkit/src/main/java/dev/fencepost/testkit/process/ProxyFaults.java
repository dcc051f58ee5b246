package dev.fencepost.testkit.process;

import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The faults of a proxy. Thread-safe. */
final class ProxyFaults {

  /** The treatment of some bytes. */
  enum Verdict {
    PASS,
    LOSE
  }

  private final Map<Direction, Long> delayNanos = new EnumMap<>(Direction.class);
  private final Map<Direction, Long> bytesToCut = new EnumMap<>(Direction.class);
  private final Set<Direction> swallowed = EnumSet.noneOf(Direction.class);
  private final Set<Direction> held = EnumSet.noneOf(Direction.class);
  private long cuts;

  synchronized void delay(Direction direction, Duration by) {
    delayNanos.put(direction, by.toNanos());
    notifyAll();
  }

  synchronized void cutAfter(Direction direction, long bytes) {
    bytesToCut.put(direction, bytes);
  }

  synchronized long cuts() {
    return cuts;
  }

  synchronized void swallow(Direction direction) {
    swallowed.add(direction);
  }

  synchronized void hold(Direction direction) {
    held.add(direction);
  }

  synchronized void clear() {
    delayNanos.clear();
    bytesToCut.clear();
    swallowed.clear();
    held.clear();
    notifyAll();
  }

  /** Delays the bytes just read, then returns their treatment. */
  synchronized Verdict await(Direction direction) throws InterruptedException {
    long readAtNanos = System.nanoTime();
    while (true) {
      long left = readAtNanos + delayNanos.getOrDefault(direction, 0L) - System.nanoTime();
      if (held.contains(direction)) {
        wait();
      } else if (left > 0) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } else {
        return swallowed.contains(direction) ? Verdict.LOSE : Verdict.PASS;
      }
    }
  }

  /** Returns how many of the bytes may pass; fewer means that the connection is cut behind them. */
  synchronized int allowance(Direction direction, int bytes) {
    Long left = bytesToCut.get(direction);
    if (left == null) {
      return bytes;
    }
    if (left >= bytes) {
      bytesToCut.put(direction, left - bytes);
      return bytes;
    }
    bytesToCut.remove(direction);
    cuts++;
    return left.intValue();
  }
}
