package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.ResourceName;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fence for what lives in this process: a cache, a file that only this process writes, a device.
 * Its marks end with the process, so it guards nothing that outlives it.
 *
 * <p>{@link #run} <b>closes</b> the window: check and write are one step, since nobody else passes
 * for the same resource meanwhile. {@link #check} only <b>narrows</b> it: a thread may be paused
 * after the check, and its write comes late.
 *
 * <p>Safe for use by many threads. A mark is kept until {@link #forget}, about 150 bytes each.
 */
public final class MemoryFence implements FenceMarks {

  /** The number of resources of a fence by default. */
  public static final int DEFAULT_MAX_RESOURCES = 100_000;

  private final int maxResources;
  private final AtomicInteger resources = new AtomicInteger();
  private final ConcurrentMap<String, Mark> marks = new ConcurrentHashMap<>();

  /** Makes a fence for at most {@value #DEFAULT_MAX_RESOURCES} resources. */
  public MemoryFence() {
    this(DEFAULT_MAX_RESOURCES);
  }

  /**
   * Makes a fence for a number of resources.
   *
   * @param maxResources most resources, at least 1
   */
  public MemoryFence(int maxResources) {
    if (maxResources < 1) {
      throw InvalidValueException.of("max_resources", maxResources, "1 or more");
    }
    this.maxResources = maxResources;
  }

  /**
   * Lets the token pass and raises the mark. Waits for a {@link #run} of the same resource to end.
   *
   * @param resource 1–512 bytes of UTF-8
   * @throws StaleTokenException if a higher token has passed
   * @throws IllegalStateException if the fence keeps its most resources already; dropping another
   *     mark instead would let a late writer through
   */
  @Override
  public void check(String resource, FencingToken token) {
    Mark mark = lock(resource);
    try {
      mark.advance(resource, token);
    } finally {
      mark.unlock();
    }
  }

  /**
   * Runs the write if the token passes. Until it ends, no other thread passes for this resource.
   * The write itself may use the fence for the same resource.
   *
   * @param resource 1–512 bytes of UTF-8
   * @return the write's result
   * @throws StaleTokenException if a higher token has passed; the write was not begun
   * @throws IllegalStateException as for {@link #check}
   * @throws Exception if the write failed; the mark stays raised
   */
  public <T> T run(String resource, FencingToken token, Callable<T> write) throws Exception {
    Mark mark = lock(resource);
    try {
      mark.advance(resource, token);
      return write.call();
    } finally {
      mark.unlock();
    }
  }

  /**
   * Drops the mark of a resource that is gone. A late writer of a resource that still exists would
   * pass afterwards.
   */
  public void forget(String resource) {
    Mark mark = marks.get(resource);
    if (mark == null) {
      return;
    }
    mark.lock();
    try {
      if (marks.remove(resource, mark)) {
        resources.decrementAndGet();
      }
    } finally {
      mark.unlock();
    }
  }

  /** Returns the resource's mark, locked. Never one that was forgotten meanwhile. */
  @SuppressWarnings("LockNotBeforeTry") // The callers unlock it, in a finally.
  private Mark lock(String resource) {
    while (true) {
      Mark known = marks.get(resource);
      Mark mark = known == null ? marks.computeIfAbsent(resource, this::admit) : known;
      mark.lock();
      if (marks.get(resource) == mark) {
        return mark;
      }
      mark.unlock();
    }
  }

  private Mark admit(String resource) {
    String checked = new ResourceName(resource).value();
    if (resources.incrementAndGet() > maxResources) {
      resources.decrementAndGet();
      throw new IllegalStateException(
          "no mark for \""
              + checked
              + "\": "
              + maxResources
              + " resources have one; forget those that are gone, or allow more");
    }
    return new Mark();
  }

  /** The highest token that passed. Accessed only by the thread that has its lock. */
  private static final class Mark extends ReentrantLock {
    private static final long serialVersionUID = 1L;

    private long highest;

    void advance(String resource, FencingToken token) {
      if (token.value() < highest) {
        throw new StaleTokenException(resource, token, new FencingToken(highest));
      }
      highest = token.value();
    }
  }
}
