package dev.fencepost.acceptance.sdk;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** The resource behind one lock: sees whether two are in it, or a token that does not rise. */
final class Exclusion {
  private static final long NOBODY = 0;

  private final AtomicLong inside = new AtomicLong(NOBODY);
  private final Queue<String> faults;
  private final AtomicLong entries = new AtomicLong();
  private long lastToken;

  Exclusion(Queue<String> faults) {
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

  long entries() {
    return entries.get();
  }
}
