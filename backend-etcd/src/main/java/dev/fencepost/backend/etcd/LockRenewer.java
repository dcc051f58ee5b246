package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.backend.etcd.TxnLanes.LockRead;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseStatus;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.CallDeadline;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

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
final class LockRenewer {
  private static final int MAX_TRIES = 5;

  private final OperationContext context;

  LockRenewer(OperationContext context) {
    this.context = context;
  }

  CompletionStage<Renewal> renew(GrantRef grant, CallDeadline deadline) {
    return context
        .localGrants()
        .entryOf(grant.lock(), grant.claim(), Optional.of(grant.token()))
        .filter(entry -> isOf(entry, grant))
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
                  ? refuse(observed, grant, deadline, tries)
                  : keepAlive(present.orElseThrow(), grant, deadline, tries);
            });
  }

  private CompletionStage<Renewal> keepAlive(
      Entry entry, GrantRef grant, CallDeadline deadline, int tries) {
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    long sent = System.nanoTime();
    boolean mayEnd = entry.secondsLeft().filter(left -> left <= 0).isPresent();
    CompletionStage<LeaseStatus> alive =
        mayEnd
            ? context.leases().keepEndingAlive(entry.lease(), deadline)
            : context.leases().keepAlive(entry.lease(), deadline);
    return alive
        .thenCompose(
            status ->
                status.isGone()
                    ? CompletableFuture.completedStage(Effect.GONE)
                    : context
                        .lanes()
                        .read(grant.lock(), deadline)
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

  /** The effect of a keep-alive. */
  private enum Effect {
    RENEWED,
    /** Another leader has taken over, and may not know of the keep-alive. */
    UNCERTAIN,
    /** The grant has ended. */
    GONE
  }

  private static Effect effect(Entry entry, GrantRef grant, LeaseStatus status, LockRead read) {
    boolean unchanged =
        presentEntry(read.lock(), grant)
            .filter(present -> present.revision() == entry.revision())
            .isPresent();
    if (!unchanged) {
      return Effect.GONE;
    }
    return read.term() == status.term() ? Effect.RENEWED : Effect.UNCERTAIN;
  }

  private CompletionStage<ObservedLock> readWithTime(GrantRef grant, CallDeadline deadline) {
    return context
        .lanes()
        .read(grant.lock(), deadline)
        .thenApply(LockRead::lock)
        .thenCompose(
            observed ->
                presentEntry(observed, grant).isPresent()
                    ? context.reader().withTime(observed, deadline)
                    : CompletableFuture.completedStage(observed));
  }

  /** Returns the record of the grant, if its principal made it and its lease has not ended. */
  private static Optional<Entry> presentEntry(ObservedLock observed, GrantRef grant) {
    return observed
        .entry()
        .filter(entry -> entry.token() == grant.token().value())
        .filter(
            entry ->
                entry.value() instanceof Granted granted
                    && granted.claim().equals(grant.claim())
                    && isOf(entry, grant)
                    && !entry.hasEnded());
  }

  /** True if the record was made by the principal that the grant names. */
  private static boolean isOf(Entry entry, GrantRef grant) {
    return entry.value() instanceof Granted granted
        && granted.claimant().principal().equals(grant.principal());
  }

  private CompletionStage<Renewal> refuse(
      ObservedLock observed, GrantRef grant, CallDeadline deadline, int tries) {
    StepContext now = context.step();
    Renewal renewal = observed.recordAt(now.nowMicros()).renew(now, grant).outcome();
    return renewal instanceof Renewal.Renewed
        ? readAndRenew(grant, deadline, tries + 1)
        : CompletableFuture.completedStage(renewal);
  }

  private static Renewal renewed(GrantRef grant, Entry entry) {
    Granted granted = (Granted) entry.value();
    return new Renewal.Renewed(
        new Grant(grant, granted.lease(), granted.claimant().mode(), Grant.Origin.EXISTING));
  }
}
