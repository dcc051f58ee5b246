package dev.fencepost.backend.etcd;

import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * etcd's leases. The ids are ours: those of what holds or closes a lock are {@link #LEAST_BINDING}
 * or more, those of memories of free locks are less, so that one comparison tells whether a lock is
 * free, with or without a memory of it.
 */
final class LeaseClient {
  /** The lowest id of a lease whose lock is not free. */
  static final long LEAST_BINDING = 1L << 62;

  private static final int MOST_TRIES = 5;

  private final EtcdConnections wire;
  private final LongSupplier random;
  private final RequestGate looks;

  LeaseClient(EtcdConnections wire, LongSupplier random, RequestGate looks) {
    this.wire = wire;
    this.random = random;
    this.looks = looks;
  }

  /** What a lease's keys are. */
  enum Use {
    /** A grant or a closing. */
    BINDING,
    /** The memory of a lock that is free, or something that is no lock. */
    FREE
  }

  /**
   * What a leader said of a lease. One that was deposed and does not know it yet counts leases that
   * live longer by now; so its word counts if a read shows afterwards that its term still runs.
   *
   * @param seconds of a keep-alive the full time, 0 if the lease is gone; else what is left,
   *     rounded down, below 0 if it has ended or is gone
   * @param term of the leader that said it, or before
   */
  record Said(long seconds, long term) {

    /** Of a keep-alive: there is no such lease. */
    boolean isGone() {
      return seconds <= 0;
    }
  }

  /** Grants a lease; etcd may make a very short one longer. */
  CompletionStage<LeaseHandle> grant(long seconds, Use use, CallDeadline deadline) {
    return grant(seconds, use, deadline, 0);
  }

  private CompletionStage<LeaseHandle> grant(
      long seconds, Use use, CallDeadline deadline, int tries) {
    long bits = random.getAsLong() & (LEAST_BINDING - 1);
    long id = use == Use.BINDING ? bits | LEAST_BINDING : Math.max(1, bits);
    long sent = System.nanoTime();
    return wire.call(
            LeaseGrpc.getLeaseGrantMethod(),
            LeaseGrantRequest.newBuilder().setID(id).setTTL(seconds).build(),
            deadline)
        .thenApply(reply -> new LeaseHandle(id, reply.message().getTTL(), sent))
        .exceptionallyCompose(
            error ->
                EtcdException.is(error, EtcdException.Kind.LEASE_EXISTS) && tries < MOST_TRIES
                    ? grant(seconds, use, deadline, tries + 1)
                    : CompletableFuture.failedFuture(error));
  }

  /** Ends a lease with all its keys. */
  CompletionStage<Boolean> revoke(long id, CallDeadline deadline) {
    return wire.call(
            LeaseGrpc.getLeaseRevokeMethod(),
            LeaseRevokeRequest.newBuilder().setID(id).build(),
            deadline)
        .thenApply(reply -> true)
        .exceptionally(error -> false);
  }

  /** Whole seconds that are left. */
  CompletionStage<Said> secondsLeft(long id, CallDeadline deadline) {
    return looks.pass(
        () ->
            wire.call(
                    LeaseGrpc.getLeaseTimeToLiveMethod(),
                    LeaseTimeToLiveRequest.newBuilder().setID(id).build(),
                    deadline)
                .thenApply(
                    reply ->
                        new Said(
                            reply.message().getTTL(), reply.message().getHeader().getRaftTerm()))
                .exceptionallyCompose(
                    error ->
                        EtcdException.is(error, EtcdException.Kind.LEASE_GONE)
                            ? CompletableFuture.completedStage(new Said(-1, 0))
                            : CompletableFuture.failedFuture(error)));
  }
}
