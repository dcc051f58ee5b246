package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Said;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
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
 * Renewals. A grant is renewed when its lease was kept alive and it was seen to stand afterwards,
 * written by the same revision as before: a keep-alive alone succeeds for a grant that was revoked.
 * What this replica granted need not be looked up first; of other grants the lease must be learned.
 * So one renewal may prolong a closing, which is bound to the grant's lease; then the grant is
 * forgotten here, and the next one looks first. Nothing is written. Safe for use by many threads.
 */
final class EtcdRenewer {
  private static final int MOST_TRIES = 5;

  private final OperationContext around;
  private final List<KeepAliveStream> keepAlives;
  private final KeepAliveStream suspects;

  /**
   * Works with these; renewals are spread over the streams by their leases.
   *
   * @param suspects where leases go that may end at any moment: etcd answers for one that has ended
   *     only when it has removed its keys, and all behind it in the stream wait
   */
  EtcdRenewer(OperationContext around, List<KeepAliveStream> keepAlives, KeepAliveStream suspects) {
    this.around = around;
    this.keepAlives = keepAlives;
    this.suspects = suspects;
  }

  CompletionStage<Renewal> renew(GrantRef grant, CallDeadline deadline) {
    return around
        .holdings()
        .entryOf(grant.lock(), grant.claim(), Optional.of(grant.token()))
        .map(entry -> keepAlive(entry, grant, deadline, 0))
        .orElseGet(() -> renew(grant, deadline, 0));
  }

  private CompletionStage<Renewal> renew(GrantRef grant, CallDeadline deadline, int tries) {
    if (tries == MOST_TRIES) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    return look(grant, deadline)
        .thenCompose(
            seen -> {
              Optional<Entry> standing = standing(seen, grant);
              return standing.isEmpty()
                  ? lose(seen, grant, deadline, tries)
                  : keepAlive(standing.orElseThrow(), grant, deadline, tries);
            });
  }

  private CompletionStage<Renewal> keepAlive(
      Entry entry, GrantRef grant, CallDeadline deadline, int tries) {
    if (tries == MOST_TRIES) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    long sent = System.nanoTime();
    return streamFor(entry)
        .keepAlive(entry.lease(), deadline)
        .thenCompose(
            said ->
                said.isGone()
                    ? CompletableFuture.completedStage(Effect.GONE)
                    : read(grant.lock(), deadline)
                        .thenApply(found -> effect(entry, grant, said, found)))
        .thenCompose(
            effect -> {
              if (effect == Effect.RENEWED) {
                around.holdings().renewed(grant, sent);
                around.base().saw(grant.token().value());
                return CompletableFuture.completedStage(renewed(grant, entry));
              }
              if (effect == Effect.UNCERTAIN) {
                return keepAlive(entry, grant, deadline, tries + 1);
              }
              around.holdings().remove(grant.lock(), entry.revision());
              return renew(grant, deadline, tries + 1);
            });
  }

  private KeepAliveStream streamFor(Entry entry) {
    return entry.secondsLeft().filter(left -> left <= 0).isPresent()
        ? suspects
        : keepAlives.get(Math.floorMod(entry.lease(), keepAlives.size()));
  }

  /** What a keep-alive did. */
  private enum Effect {
    RENEWED,
    /** Another leader is in office by now, which may not know of it. */
    UNCERTAIN,
    /** The grant does not stand any more. */
    GONE
  }

  private Effect effect(Entry entry, GrantRef grant, Said said, LockRead.Found found) {
    ObservedLock seen = ObservedLock.read(grant.lock(), found.record(), found.line());
    if (standing(seen, grant).filter(now -> now.revision() == entry.revision()).isEmpty()) {
      return Effect.GONE;
    }
    return found.term() == said.term() ? Effect.RENEWED : Effect.UNCERTAIN;
  }

  private CompletionStage<LockRead.Found> read(LockName lock, CallDeadline deadline) {
    return around
        .reads()
        .ask(new LockRead(around.keys().lock(lock), around.keys().line(lock)), deadline);
  }

  private CompletionStage<ObservedLock> look(GrantRef grant, CallDeadline deadline) {
    return read(grant.lock(), deadline)
        .thenApply(found -> ObservedLock.read(grant.lock(), found.record(), found.line()))
        .thenCompose(
            seen ->
                standing(seen, grant).isPresent()
                    ? around.clock().timed(seen, deadline)
                    : CompletableFuture.completedStage(seen));
  }

  /** The grant's record, if its lease has not ended. */
  private static Optional<Entry> standing(ObservedLock seen, GrantRef grant) {
    return seen.entry()
        .filter(entry -> entry.token() == grant.token().value())
        .filter(
            entry ->
                entry.value() instanceof Granted granted
                    && granted.claim().equals(grant.claim())
                    && !entry.hasEnded());
  }

  private CompletionStage<Renewal> lose(
      ObservedLock seen, GrantRef grant, CallDeadline deadline, int tries) {
    long now = TimeUnit.NANOSECONDS.toMicros(around.base().clockNanos());
    Renewal renewal = seen.at(now).renew(new StepContext(around.self(), 0, now), grant).outcome();
    return renewal instanceof Renewal.Lost
        ? CompletableFuture.completedStage(renewal)
        : renew(grant, deadline, tries + 1);
  }

  private static Renewal renewed(GrantRef grant, Entry entry) {
    Granted granted = (Granted) entry.value();
    return new Renewal.Renewed(
        new Grant(grant, granted.lease(), granted.claimant().mode(), Grant.Origin.EXISTING));
  }
}
