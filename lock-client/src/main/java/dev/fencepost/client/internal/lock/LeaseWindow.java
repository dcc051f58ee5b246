package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.proto.v1.Grant;

/**
 * One lease as its holder counts it, on the client's clock.
 *
 * @param ttlNanos the lease at the store
 * @param validUntilNanos the lock is safe to use before this moment
 * @param renewAtNanos when the next renewal is due
 * @param overdueAtNanos when a missing renewal is reported as jeopardy
 */
record LeaseWindow(long ttlNanos, long validUntilNanos, long renewAtNanos, long overdueAtNanos) {
  /** Renewals of equal leases fall due at common moments, so that they are sent together. */
  private static final int GRID_PART = 40;

  private static final int OVERDUE_PART = 3;

  /** Returns the lease of a grant that counts from {@code fromNanos}. */
  static LeaseWindow of(Grant grant, long fromNanos) {
    long validFor = ProtoConverter.nanos(grant.getValidFor());
    long renewAfter = Math.min(ProtoConverter.nanos(grant.getRenewAfter()), validFor / 2);
    long grid = Math.max(1, renewAfter / GRID_PART);
    long renewAt = (fromNanos + renewAfter) / grid * grid;
    long validUntil = fromNanos + validFor;
    return new LeaseWindow(
        ProtoConverter.nanos(grant.getTtl()),
        validUntil,
        renewAt,
        renewAt + (validUntil - renewAt) / OVERDUE_PART);
  }
}
