package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a session, from its caller to its result. It receives exactly one end: its
 * result, or the end of the session before a result came.
 */
public interface PendingOperation {

  /** The lanes, the most urgent first. */
  enum Lane {
    /** Keeps a held lock. */
    RENEW,
    /** Frees a lock for which others may wait. */
    RELEASE,
    /** Waits at the server, as far as the server's limit allows. */
    ACQUIRE
  }

  /** The queue of this operation. */
  Lane lane();

  /**
   * Converts the operation to a message. It is called when a message is being composed, possibly
   * more than once.
   *
   * @return null if the operation is no longer wanted; then nothing is sent, and no end is reported
   */
  @Nullable Operation toProto(long id, long nowNanos);

  /**
   * Receives the result, on the session's thread, which it must not block.
   *
   * @param countedFromNanos the send time of the message from which a grant counts; 0 if there is
   *     none
   */
  void onResult(Result result, long countedFromNanos);

  /**
   * Called when the session is over before a result came. The server may or may not have carried
   * out the operation.
   */
  void onSessionOver();
}
