package dev.fencepost.server.service;

import dev.fencepost.core.OverLimitException;
import io.grpc.Context;

/**
 * The bytes that one call has taken of its client's memory. All of them are given back when the
 * call is over, at one place. Thread-safe.
 */
final class ByteCharge implements AutoCloseable {
  /** The charge of the call that a thread handles. */
  static final Context.Key<ByteCharge> KEY = Context.key("fencepost-charge");

  /** Any call: its stream in the transport, its handlers and its context. */
  static final long CALL = 4 * 1024;

  /** A session that does nothing. */
  static final long SESSION = 8 * 1024;

  /** A waiting claim without its texts. */
  private static final long WAITER = 1024;

  /** An operation or a result of a session, without its texts. */
  private static final long SMALL = 400;

  /** One entry of a map, without its texts. */
  private static final long ENTRY = 120;

  /** A lock's state in a watch, without its name. */
  private static final long WATCHED = 512;

  private final ClientQuota quota;
  private final String client;
  private long bytes;
  private boolean closed;

  ByteCharge(ClientQuota quota, String client) {
    this.quota = quota;
    this.client = client;
  }

  /** The charge of the call that this thread handles. */
  static ByteCharge current() {
    ByteCharge charge = KEY.get();
    if (charge == null) {
      throw new IllegalStateException("a call that nobody admitted");
    }
    return charge;
  }

  /** What a claim costs while it waits. */
  static long ofWaiter(int textBytes, int metadataEntries) {
    return WAITER + textBytes + ENTRY * metadataEntries;
  }

  /** What a small message costs while it is kept. */
  static long ofMessage(int textBytes) {
    return SMALL + textBytes;
  }

  /** What a watched name costs. */
  static long ofWatched(int nameBytes) {
    return WATCHED + nameBytes;
  }

  /**
   * Takes more.
   *
   * @throws OverLimitException if the client may not have it; then nothing was taken
   */
  synchronized void add(long more) {
    if (!closed) {
      quota.take(client, more);
      bytes += more;
    }
  }

  /**
   * Takes more, or gives a part back if it is negative.
   *
   * @throws OverLimitException if the client may not have it; then nothing was taken
   */
  void change(long more) {
    if (more > 0) {
      add(more);
    } else {
      remove(-more);
    }
  }

  /** Gives a part back. */
  synchronized void remove(long less) {
    if (!closed) {
      quota.giveBack(client, less);
      bytes -= less;
    }
  }

  /** Gives everything back; what is added or removed later does not count. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      quota.giveBack(client, bytes);
      bytes = 0;
    }
  }
}
