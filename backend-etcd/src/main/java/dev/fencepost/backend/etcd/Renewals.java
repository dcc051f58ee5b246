package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.backend.etcd.Seen.Entry;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.Asker;
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
final class Renewals {
  private static final int MOST_TRIES = 5;

  private final ReplicaId self;
  private final Keys keys;
  private final Batcher<Reading, Reading.Found> reads;
  private final Leases leases;
  private final List<KeepAlives> keepAlives;
  private final Holdings holdings;
  private final Base base;

  /** Works with these; renewals are spread over the streams by their leases. */
  Renewals(
      ReplicaId self,
      Keys keys,
      Batcher<Reading, Reading.Found> reads,
      Leases leases,
      List<KeepAlives> keepAlives,
      Holdings holdings,
      Base base) {
    this.self = self;
    this.keys = keys;
    this.reads = reads;
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.holdings = holdings;
    this.base = base;
  }

  CompletionStage<Renewal> renew(GrantRef grant, Deadline deadline) {
    return holdings
        .entryOf(grant.lock(), grant.claim(), Optional.of(grant.token()))
        .map(entry -> keepAlive(entry, grant, deadline, 0))
        .orElseGet(() -> renew(grant, deadline, 0));
  }

  private CompletionStage<Renewal> renew(GrantRef grant, Deadline deadline, int tries) {
    if (tries == MOST_TRIES) {
      return CompletableFuture.failedFuture(Trouble.timeout());
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
      Entry entry, GrantRef grant, Deadline deadline, int tries) {
    long sent = System.nanoTime();
    return keepAlives
        .get(Math.floorMod(entry.lease(), keepAlives.size()))
        .keepAlive(entry.lease(), deadline)
        .thenCompose(
            seconds ->
                seconds == Leases.GONE
                    ? CompletableFuture.completedStage(Optional.<Entry>empty())
                    : read(grant.lock(), deadline).thenApply(seen -> standing(seen, grant)))
        .thenCompose(
            standing -> {
              if (standing.filter(again -> again.revision() == entry.revision()).isEmpty()) {
                holdings.remove(grant.lock(), entry.revision());
                return renew(grant, deadline, tries + 1);
              }
              holdings.renewed(grant, sent);
              base.saw(grant.token().value());
              return CompletableFuture.completedStage(renewed(grant, entry));
            });
  }

  private CompletionStage<Seen> read(LockName lock, Deadline deadline) {
    return reads
        .ask(new Reading(keys.lock(lock), keys.line(lock)), deadline)
        .thenApply(found -> Seen.read(lock, found.record(), found.line()));
  }

  private CompletionStage<Seen> look(GrantRef grant, Deadline deadline) {
    return read(grant.lock(), deadline)
        .thenCompose(
            seen ->
                seen.dependsOnTime()
                    ? leases
                        .secondsLeft(seen.entry().orElseThrow().lease(), deadline)
                        .thenApply(seen::withSecondsLeft)
                    : CompletableFuture.completedStage(seen));
  }

  /** The grant's record, if its lease has not ended. */
  private static Optional<Entry> standing(Seen seen, GrantRef grant) {
    return seen.entry()
        .filter(entry -> entry.token() == grant.token().value())
        .filter(
            entry ->
                entry.value() instanceof Granted granted
                    && granted.claim().equals(grant.claim())
                    && entry
                        .secondsLeft()
                        .filter(left -> left < granted.lease().lockDelay().toSeconds())
                        .isEmpty());
  }

  private CompletionStage<Renewal> lose(Seen seen, GrantRef grant, Deadline deadline, int tries) {
    long now = TimeUnit.NANOSECONDS.toMicros(base.clockNanos());
    Renewal renewal = seen.at(now).renew(new Asker(self, 0, now), grant).outcome();
    return renewal instanceof Renewal.Lost
        ? CompletableFuture.completedStage(renewal)
        : renew(grant, deadline, tries + 1);
  }

  private static Renewal renewed(GrantRef grant, Entry entry) {
    Granted granted = (Granted) entry.value();
    return new Renewal.Renewed(
        new Grant(grant, granted.lease(), granted.claimant().mode(), Grant.Origin.STANDING));
  }
}
