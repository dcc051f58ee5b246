package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.proto.v1.AcquireRequest;

/**
 * The values that all claims on a lock share.
 *
 * @param options the options of the lock
 * @param hash chooses its replica
 * @param request the request without claim and wait
 */
record AcquireTemplate(LockOptions options, long hash, AcquireRequest request) {
  static AcquireTemplate of(LockOptions options) {
    return new AcquireTemplate(
        options, RendezvousHash.hash(options.name().value()), options.toProto());
  }
}
