package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallGate;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Grants, revokes and queries etcd's leases.
 *
 * <p>This client chooses the ids. Leases that hold or close a lock have ids of {@link
 * #LEAST_BINDING} or more; leases of remembered tokens have lower ones. So one comparison tells
 * whether a lock is free, with or without a remembered token.
 */
public final class LeaseClient {
  /** The lowest id of a lease whose lock is not free. */
  public static final long LEAST_BINDING = 1L << 62;

  private static final int MAX_TRIES = 5;

  private final EtcdConnections connections;
  private final LongSupplier random;
  private final CallGate queries;

  public LeaseClient(EtcdConnections connections, LongSupplier random, CallGate queries) {
    this.connections = connections;
    this.random = random;
    this.queries = queries;
  }

  /** The kind of keys that a lease backs. */
  public enum LeaseUse {
    /** A grant or a closing. */
    BINDING,
    /** The remembered token of a free lock, or a key that is not a lock. */
    FREE
  }

  /**
   * A lease in etcd.
   *
   * @param id chosen by this client
   * @param seconds the full time
   * @param aliveNanos a moment at or before etcd last began to count the time, on the clock of
   *     {@link System#nanoTime()}
   */
  public record LeaseHandle(long id, long seconds, long aliveNanos) {

    public LeaseHandle aliveSince(long nanos) {
      return new LeaseHandle(id, seconds, nanos);
    }

    /** True if the time is over, unless another replica kept the lease alive. */
    public boolean mayHaveEnded() {
      return ageNanos() >= TimeUnit.SECONDS.toNanos(seconds);
    }

    public long ageNanos() {
      return System.nanoTime() - aliveNanos;
    }
  }

  /**
   * A leader's report on a lease. A deposed leader that does not know it yet may report on leases
   * that its successor has extended. So a report counts only if a later read shows that the
   * leader's term still runs.
   *
   * @param seconds after a keep-alive: the full time, 0 if the lease is gone. After a query: the
   *     rest, rounded down, below 0 if the lease has ended or is gone
   * @param term of the leader that reported, or an earlier term
   */
  public record LeaseStatus(long seconds, long term) {

    /** After a keep-alive: true if there is no such lease. */
    public boolean isGone() {
      return seconds <= 0;
    }
  }

  /** Grants a lease; etcd may make a very short one longer. */
  public CompletionStage<LeaseHandle> grant(long seconds, LeaseUse use, CallDeadline deadline) {
    return grant(seconds, use, deadline, 0);
  }

  private CompletionStage<LeaseHandle> grant(
      long seconds, LeaseUse use, CallDeadline deadline, int tries) {
    long bits = random.getAsLong() & (LEAST_BINDING - 1);
    long id = use == LeaseUse.BINDING ? bits | LEAST_BINDING : Math.max(1, bits);
    long sent = System.nanoTime();
    return connections
        .call(
            LeaseGrpc.getLeaseGrantMethod(),
            LeaseGrantRequest.newBuilder().setID(id).setTTL(seconds).build(),
            deadline)
        .thenApply(reply -> new LeaseHandle(id, reply.message().getTTL(), sent))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.LEASE_EXISTS) && tries < MAX_TRIES
                    ? grant(seconds, use, deadline, tries + 1)
                    : CompletableFuture.failedFuture(error));
  }

  /** Ends a lease with all its keys. */
  public CompletionStage<Boolean> revoke(long id, CallDeadline deadline) {
    return connections
        .call(
            LeaseGrpc.getLeaseRevokeMethod(),
            LeaseRevokeRequest.newBuilder().setID(id).build(),
            deadline)
        .thenApply(reply -> true)
        .exceptionally(error -> false);
  }

  /** Queries the whole seconds that a lease has left. */
  public CompletionStage<LeaseStatus> secondsLeft(long id, CallDeadline deadline) {
    LeaseTimeToLiveRequest request = LeaseTimeToLiveRequest.newBuilder().setID(id).build();
    return queries.submit(
        () ->
            connections
                .call(LeaseGrpc.getLeaseTimeToLiveMethod(), request, deadline)
                .thenApply(
                    reply ->
                        new LeaseStatus(
                            reply.message().getTTL(), reply.message().getHeader().getRaftTerm()))
                .exceptionallyCompose(
                    error ->
                        EtcdException.isKind(error, EtcdException.Kind.LEASE_GONE)
                            ? CompletableFuture.completedStage(new LeaseStatus(-1, 0))
                            : CompletableFuture.failedFuture(error)),
        deadline);
  }
}
