package dev.fencepost.testkit.process;

import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What a proxy does to the bytes that pass. Safe for use by many threads. */
final class ProxyFaults {

  /** What to do with some bytes. */
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

  /** Waits as long as the bytes that were just read must wait, then says what becomes of them. */
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

  /** How many of so many bytes may pass; fewer means that the connection is cut behind them. */
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
