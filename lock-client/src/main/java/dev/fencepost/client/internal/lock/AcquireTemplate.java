package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.proto.v1.AcquireRequest;

/**
 * What is worked out once for all claims on a lock.
 *
 * @param options how it is asked for
 * @param hash chooses its replica
 * @param request what goes over the wire, without claim and wait
 */
record AcquireTemplate(LockOptions options, long hash, AcquireRequest request) {
  static AcquireTemplate of(LockOptions options) {
    return new AcquireTemplate(
        options, RendezvousHash.hash(options.name().value()), options.toProto());
  }
}
