package dev.fencepost.server.service.limit;

import dev.fencepost.core.OverLimitException;
import io.grpc.Context;

/**
 * Counts the bytes that one call has taken of its client's memory quota. All of them are given back
 * together when the call ends. Thread-safe.
 */
public final class ByteCharge implements AutoCloseable {
  /** Context key for the charge of the call that a thread handles. */
  public static final Context.Key<ByteCharge> KEY = Context.key("fencepost-charge");

  /** Charge for any call: its stream in the transport, its handlers and its context. */
  public static final long CALL = 4 * 1024;

  /** Charge for an idle session. */
  public static final long SESSION = 8 * 1024;

  /** Charge for a waiting claim without its texts. */
  private static final long WAITER = 1024;

  /** Charge for an operation or a result of a session, without its texts. */
  private static final long SMALL = 400;

  /** Charge for one entry of metadata, without its texts. */
  private static final long ENTRY = 120;

  /** Charge for the state of a watched lock, without its name. */
  private static final long WATCHED = 512;

  private final ClientQuota quota;
  private final String client;
  private long bytes;
  private boolean closed;

  public ByteCharge(ClientQuota quota, String client) {
    this.quota = quota;
    this.client = client;
  }

  /** Returns the charge of the call that this thread handles. */
  public static ByteCharge current() {
    ByteCharge charge = KEY.get();
    if (charge == null) {
      throw new IllegalStateException("the call has not passed admission");
    }
    return charge;
  }

  /** Returns the charge for a claim while it waits. */
  public static long ofWaiter(int textBytes, int metadataEntries) {
    return WAITER + textBytes + ENTRY * metadataEntries;
  }

  /** Returns the charge for a small message while it is in memory. */
  public static long ofMessage(int textBytes) {
    return SMALL + textBytes;
  }

  /** Returns the charge for a watched name. */
  public static long ofWatched(int nameBytes) {
    return WATCHED + nameBytes;
  }

  /**
   * Adds bytes to the charge.
   *
   * @throws OverLimitException if the client would exceed its quota. Nothing was added then
   */
  public synchronized void add(long more) {
    if (!closed) {
      quota.take(client, more);
      bytes += more;
    }
  }

  /**
   * Adds bytes to the charge, or removes them if the number is negative.
   *
   * @throws OverLimitException if the client would exceed its quota. Nothing was added then
   */
  public void change(long more) {
    if (more > 0) {
      add(more);
    } else {
      remove(-more);
    }
  }

  /** Removes bytes from the charge. */
  public synchronized void remove(long less) {
    if (!closed) {
      quota.giveBack(client, less);
      bytes -= less;
    }
  }

  /** Gives everything back. Later additions and removals have no effect. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      quota.giveBack(client, bytes);
      bytes = 0;
    }
  }
}
