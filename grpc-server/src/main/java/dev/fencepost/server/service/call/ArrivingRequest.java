package dev.fencepost.server.service.call;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.limit.ClientQuota;
import org.jspecify.annotations.Nullable;

/**
 * Charges the part of a request that has arrived while the rest is missing. Flow control does not
 * bound it: the transport takes each part at once to look for the end of the message. Used by the
 * thread of the connection.
 */
final class ArrivingRequest {
  /** Charge for each part in addition to its bytes: the objects that keep it. */
  private static final long PART_BYTES = 256;

  /** Requests are charged from this size on. Most are smaller and arrive as a whole. */
  private static final long FREE_BYTES = 4 * 1024;

  private final ClientQuota quota;
  private @Nullable ByteCharge charge;
  private long arrived;
  private long charged;

  /** Creates a charge of nothing. */
  ArrivingRequest(ClientQuota quota) {
    this.quota = quota;
  }

  /** Names the client that is charged. */
  void start(String client) {
    charge = new ByteCharge(quota, client);
  }

  /** Adds a part. Returns false if the client exceeds its quota. */
  boolean add(long bytes) {
    arrived += bytes + PART_BYTES;
    ByteCharge client = charge;
    if (client == null || arrived <= FREE_BYTES) {
      return true;
    }
    try {
      client.add(arrived - charged);
      charged = arrived;
      return true;
    } catch (OverLimitException e) {
      return false;
    }
  }

  /** Gives the charge back, because the request is complete. */
  void complete() {
    ByteCharge client = charge;
    if (client != null && charged > 0) {
      client.remove(charged);
    }
    arrived = 0;
    charged = 0;
  }

  /** Gives the charge back for good, because the call has ended. */
  void close() {
    ByteCharge client = charge;
    if (client != null) {
      client.close();
    }
  }
}
