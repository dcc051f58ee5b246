package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.Tenant;
import dev.fencepost.backend.zookeeper.Plans.PlaceChange;
import dev.fencepost.backend.zookeeper.Plans.Presence;
import dev.fencepost.backend.zookeeper.Sender.Written;
import dev.fencepost.backend.zookeeper.Tender.Kept;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * What can be done in one round trip, without looking first: a transaction that is refused unless
 * the lock stands as this replica believes. Every answer is empty if it is not possible or was
 * refused; then {@link Steps} looks. Safe for use by many threads.
 */
final class Quick {
  private final Sender sender;
  private final Plans plans;
  private final Tender tender;
  private final Places places;
  private final KnownLocks known;
  private final KnownLocks lined;

  /**
   * Makes the quick way.
   *
   * @param known locks whose node is believed to be there
   * @param lined locks in whose line others are believed to stand
   */
  Quick(
      Sender sender,
      Plans plans,
      Tender tender,
      Places places,
      KnownLocks known,
      KnownLocks lined) {
    this.lined = lined;
    this.sender = sender;
    this.plans = plans;
    this.tender = tender;
    this.places = places;
    this.known = known;
  }

  CompletableFuture<Optional<Attempt>> acquire(Claim claim, QueueIntent line) {
    LockName lock = claim.lock();
    Optional<String> turn = places.takeTurn(lock);
    if (line != QueueIntent.NONE && line != QueueIntent.JOIN) {
      return impossible();
    }
    if (turn.isPresent()) {
      return granted(
          claim, sender.sendAlone(lock, base -> plans.takeTurn(claim, turn.orElseThrow(), base)));
    }
    if (tender.of(lock).isPresent() || places.of(lock).isPresent()) {
      return impossible();
    }
    Presence presence = known.contains(lock) ? Presence.THERE : Presence.MISSING;
    return granted(claim, sender.send(lock, base -> plans.take(claim, presence, base)));
  }

  CompletableFuture<Optional<HandOver>> handOver(GrantRef from, Claim to, QueueIntent line) {
    Optional<Kept> kept = kept(from);
    if (kept.isEmpty() || line == QueueIntent.YIELD || from.claim().equals(to.id())) {
      return impossible();
    }
    boolean hasPlace = places.of(from.lock()).isPresent();
    PlaceChange change =
        line == QueueIntent.JOIN
            ? (hasPlace ? PlaceChange.LEAVE : PlaceChange.NONE)
            : (hasPlace ? PlaceChange.NONE : PlaceChange.JOIN);
    LockNode node = kept.orElseThrow().node();
    return granted(to, sender.send(from.lock(), base -> plans.pass(node, to, change, base)))
        .thenApply(got -> got.map(attempt -> new HandOver(new Release.Released(), attempt)));
  }

  CompletableFuture<Optional<Renewal>> renew(GrantRef grant) {
    return kept(grant)
        .map(
            kept -> {
              Tenant tenant = kept.node().tenure().orElseThrow();
              Grant renewed =
                  new Grant(grant, tenant.lease(), tenant.claimant().mode(), Grant.Origin.EXISTING);
              return sender
                  .send(grant.lock(), base -> plans.renew(grant.lock(), kept.node()))
                  .thenApply(sent -> sent.<Renewal>map(written -> new Renewal.Renewed(renewed)));
            })
        .orElseGet(Quick::impossible);
  }

  CompletableFuture<Optional<Release>> release(ReleaseCommand order) {
    LockName lock = order.lock();
    Optional<Kept> kept =
        tender
            .of(lock)
            .filter(k -> k.holds(order.claim()))
            .filter(
                k -> order.token().filter(t -> t.value() != k.node().token().value()).isEmpty());
    if (kept.isEmpty()
        || !order.closeFor().isZero()
        || places.of(lock).isPresent()
        || lined.contains(lock)) {
      return impossible();
    }
    LockNode node = kept.orElseThrow().node();
    return sender
        .send(lock, base -> plans.free(lock, node))
        .thenApply(sent -> sent.<Release>map(written -> new Release.Released()));
  }

  private Optional<Kept> kept(GrantRef grant) {
    return tender
        .of(grant.lock())
        .filter(kept -> kept.holds(grant.claim()))
        .filter(kept -> kept.node().token().value() == grant.token().value());
  }

  private static CompletableFuture<Optional<Attempt>> granted(
      Claim claim, CompletableFuture<Optional<Written>> sent) {
    Function<Written, Attempt> grant =
        written ->
            new Attempt.Granted(
                new Grant(
                    new GrantRef(claim.lock(), claim.id(), new FencingToken(written.token())),
                    claim.lease(),
                    claim.claimant().mode(),
                    Grant.Origin.NEW));
    return sent.thenApply(written -> written.map(grant));
  }

  private static <T> CompletableFuture<Optional<T>> impossible() {
    return CompletableFuture.completedFuture(Optional.empty());
  }
}
