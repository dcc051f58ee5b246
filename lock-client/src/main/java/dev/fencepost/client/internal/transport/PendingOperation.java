package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a session, from its caller to its result. It is told exactly one end: its
 * result, or that the session was over before one came.
 */
public interface PendingOperation {

  /** Which operations go first: in this order. */
  enum Lane {
    /** A lock that is held must be kept. */
    RENEW,
    /** Others may be waiting for it. */
    RELEASE,
    /** As many as the server lets wait. */
    ACQUIRE
  }

  /** Its place in the queue. */
  Lane lane();

  /**
   * What to send; asked for when a message is about to be composed, perhaps more than once.
   *
   * @return null if it is not wanted any more: nothing is sent and nothing is told
   */
  @Nullable Operation toProto(long id, long nowNanos);

  /**
   * The result came, on the session's thread, which must not be held up.
   *
   * @param countedFromNanos when the mark was sent from which a grant counts; 0 if there is none
   */
  void answered(Result result, long countedFromNanos);

  /** The session is over. Whether the operation was carried out is not known. */
  void undelivered();
}
