package dev.fencepost.acceptance.sdk;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The resource behind one lock: sees whether two are in it, or a token that does not rise. Keeps
 * also for how long each holder believed that it held, whether it was in the resource or not: two
 * beliefs that overlap are a breach that only luck kept from the resource.
 */
final class ExclusionChecker {
  private static final long NOBODY = 0;

  private final AtomicLong inside = new AtomicLong(NOBODY);
  private final Queue<String> faults;
  private final AtomicLong entries = new AtomicLong();
  private final Queue<Belief> beliefs = new ConcurrentLinkedQueue<>();
  private long lastToken;

  /**
   * One holder's belief, on the monotonic clock.
   *
   * @param fromNanos after its grant was answered
   * @param untilNanos before its release was sent, or when its handle said last that it is held
   */
  record Belief(long token, long fromNanos, long untilNanos) {}

  ExclusionChecker(Queue<String> faults) {
    this.faults = faults;
  }

  static Queue<String> faults() {
    return new ConcurrentLinkedQueue<>();
  }

  /** A holder begins to work, by this token. */
  void enter(long token) {
    long other = inside.getAndSet(token);
    if (other != NOBODY) {
      faults.add("token " + token + " came in while " + other + " was inside");
    }
    if (token <= lastToken) {
      faults.add("token " + token + " after " + lastToken);
    }
    lastToken = token;
    entries.incrementAndGet();
  }

  /** It has ended its work and is about to release. */
  void leave(long token) {
    if (!inside.compareAndSet(token, NOBODY)) {
      faults.add("token " + token + " left and was not inside");
    }
  }

  /** A holder has ended. */
  void believed(long token, long fromNanos, long untilNanos) {
    beliefs.add(new Belief(token, fromNanos, untilNanos));
  }

  /** Compares all beliefs with each other. */
  void judgeBeliefs() {
    List<Belief> inOrder = new ArrayList<>(beliefs);
    inOrder.sort(Comparator.comparingLong(Belief::fromNanos));
    for (int i = 1; i < inOrder.size(); i++) {
      Belief one = inOrder.get(i - 1);
      Belief next = inOrder.get(i);
      if (next.fromNanos < one.untilNanos) {
        faults.add(next + " overlaps " + one);
      }
      if (next.token <= one.token) {
        faults.add(next + " after " + one);
      }
    }
  }

  /** How many of them there are. */
  int beliefs() {
    return beliefs.size();
  }

  long entries() {
    return entries.get();
  }
}
