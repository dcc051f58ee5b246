package dev.fencepost.client;

import dev.fencepost.proto.v1.AcquireRequest;

/**
 * What is worked out once for all claims on a lock.
 *
 * @param terms how it is asked for
 * @param hash chooses its replica
 * @param request what goes over the wire, without claim and wait
 */
record LockPlan(LockTerms terms, long hash, AcquireRequest request) {
  static LockPlan of(LockTerms terms) {
    return new LockPlan(terms, Rendezvous.hash(terms.name().value()), terms.toWire());
  }
}
