package dev.fencepost.backend.etcd.lock;

import dev.fencepost.backend.etcd.lease.KeepAliveStream;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.lock.LockValue.Granted;
import dev.fencepost.backend.etcd.lock.ObservedLock.Entry;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.record.StepContext;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Renews grants, without writing anything.
 *
 * <p>A grant is renewed when its lease was kept alive and a later read shows the record of the same
 * revision as before. A keep-alive alone would also succeed for a grant that was revoked. Grants of
 * this replica need no read beforehand; of other grants the lease must be read first.
 *
 * <p>So one renewal may extend a closing that is bound to the grant's lease. The replica then
 * forgets the grant, and its next renewal reads first. Safe for use by many threads.
 */
public final class LockRenewer {
  private static final int MAX_TRIES = 5;

  private final OperationContext context;
  private final List<KeepAliveStream> keepAlives;
  private final KeepAliveStream endingLeases;

  /**
   * Spreads renewals over the streams by their leases.
   *
   * @param endingLeases the stream for leases that may end at any moment. etcd answers for an ended
   *     lease only when it has removed its keys, and everything behind it in the stream waits
   */
  public LockRenewer(
      OperationContext context, List<KeepAliveStream> keepAlives, KeepAliveStream endingLeases) {
    this.context = context;
    this.keepAlives = keepAlives;
    this.endingLeases = endingLeases;
  }

  public CompletionStage<Renewal> renew(GrantRef grant, CallDeadline deadline) {
    return context
        .localGrants()
        .entryOf(grant.lock(), grant.claim(), Optional.of(grant.token()))
        .map(entry -> keepAlive(entry, grant, deadline, 0))
        .orElseGet(() -> readAndRenew(grant, deadline, 0));
  }

  private CompletionStage<Renewal> readAndRenew(GrantRef grant, CallDeadline deadline, int tries) {
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    return readWithTime(grant, deadline)
        .thenCompose(
            observed -> {
              Optional<Entry> present = presentEntry(observed, grant);
              return present.isEmpty()
                  ? lose(observed, grant, deadline, tries)
                  : keepAlive(present.orElseThrow(), grant, deadline, tries);
            });
  }

  private CompletionStage<Renewal> keepAlive(
      Entry entry, GrantRef grant, CallDeadline deadline, int tries) {
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    long sent = System.nanoTime();
    return streamFor(entry)
        .keepAlive(entry.lease(), deadline)
        .thenCompose(
            status ->
                status.isGone()
                    ? CompletableFuture.completedStage(Effect.GONE)
                    : read(grant.lock(), deadline)
                        .thenApply(read -> effect(entry, grant, status, read)))
        .thenCompose(
            effect -> {
              if (effect == Effect.RENEWED) {
                context.localGrants().recordRenewal(grant, sent);
                context.tokenBase().recordToken(grant.token().value());
                return CompletableFuture.completedStage(renewed(grant, entry));
              }
              if (effect == Effect.UNCERTAIN) {
                return keepAlive(entry, grant, deadline, tries + 1);
              }
              context.localGrants().remove(grant.lock(), entry.revision());
              return readAndRenew(grant, deadline, tries + 1);
            });
  }

  private KeepAliveStream streamFor(Entry entry) {
    return entry.secondsLeft().filter(left -> left <= 0).isPresent()
        ? endingLeases
        : keepAlives.get(Math.floorMod(entry.lease(), keepAlives.size()));
  }

  /** The effect of a keep-alive. */
  private enum Effect {
    RENEWED,
    /** Another leader has taken over, and may not know of the keep-alive. */
    UNCERTAIN,
    /** The grant has ended. */
    GONE
  }

  private Effect effect(
      Entry entry, GrantRef grant, LeaseStatus status, LockReadRequest.Result read) {
    ObservedLock observed = read.toLock(grant.lock());
    boolean unchanged =
        presentEntry(observed, grant)
            .filter(present -> present.revision() == entry.revision())
            .isPresent();
    if (!unchanged) {
      return Effect.GONE;
    }
    return read.term() == status.term() ? Effect.RENEWED : Effect.UNCERTAIN;
  }

  private CompletionStage<LockReadRequest.Result> read(LockName lock, CallDeadline deadline) {
    return context.reads().submit(LockReadRequest.of(context.schema(), lock), deadline);
  }

  private CompletionStage<ObservedLock> readWithTime(GrantRef grant, CallDeadline deadline) {
    return read(grant.lock(), deadline)
        .thenApply(read -> read.toLock(grant.lock()))
        .thenCompose(
            observed ->
                presentEntry(observed, grant).isPresent()
                    ? context.leaseClock().withTime(observed, deadline)
                    : CompletableFuture.completedStage(observed));
  }

  /** Returns the record of the grant, if its lease has not ended. */
  private static Optional<Entry> presentEntry(ObservedLock observed, GrantRef grant) {
    return observed
        .entry()
        .filter(entry -> entry.token() == grant.token().value())
        .filter(
            entry ->
                entry.value() instanceof Granted granted
                    && granted.claim().equals(grant.claim())
                    && !entry.hasEnded());
  }

  private CompletionStage<Renewal> lose(
      ObservedLock observed, GrantRef grant, CallDeadline deadline, int tries) {
    long now = TimeUnit.NANOSECONDS.toMicros(context.tokenBase().clockNanos());
    Renewal renewal =
        observed.recordAt(now).renew(new StepContext(context.self(), 0, now), grant).outcome();
    return renewal instanceof Renewal.Lost
        ? CompletableFuture.completedStage(renewal)
        : readAndRenew(grant, deadline, tries + 1);
  }

  private static Renewal renewed(GrantRef grant, Entry entry) {
    Granted granted = (Granted) entry.value();
    return new Renewal.Renewed(
        new Grant(grant, granted.lease(), granted.claimant().mode(), Grant.Origin.EXISTING));
  }
}
