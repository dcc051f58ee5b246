package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Loss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.Standing;
import dev.fencepost.lock.spi.Line;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a store keeps of one lock, and the rules by which it changes.
 *
 * <p>At a moment {@code now} the lock is <em>held</em> while a tenure's lease runs, <em>closed</em>
 * while it does not but {@code now < freeAtMicros}, and free afterwards. A free lock keeps its last
 * token. Every step is a pure function of the record, the asker and the question; whoever keeps
 * records reads one, steps and writes it as one atomic act.
 *
 * @param name the lock
 * @param tenure the claim on record, whether or not its lease has run out
 * @param token the highest token ever given for it; 0 if none
 * @param freeAtMicros when everybody may take it, in µs since 1970 by the store's clock; 0 after a
 *     release, so that a clock that steps back does not close what was released
 * @param turn while it is closed without a tenure: the one replica that may take it all the same
 * @param line the replicas that have waiters, first come first
 * @param revoked the administrator's reason, if it was taken or closed by force and not granted
 *     since; else empty
 */
public record LockRecord(
    LockName name,
    Optional<Tenure> tenure,
    long token,
    long freeAtMicros,
    Optional<ReplicaId> turn,
    List<ReplicaId> line,
    String revoked) {

  /** How long the first in line has the lock for itself after a release. */
  public static final Duration TURN = Duration.ofSeconds(1);

  /**
   * A replica with waiters looks at a lock every 1–2 s and takes it once it is free. A line that
   * was left beside a free lock for longer than this is nobody's: its replicas died.
   */
  private static final Duration LEFT_BEHIND = Duration.ofSeconds(10);

  /** Copies the line. */
  public LockRecord {
    line = List.copyOf(line);
  }

  /** The record of a lock that nobody ever used. */
  public static LockRecord unused(LockName name) {
    return new LockRecord(name, Optional.empty(), 0, 0, Optional.empty(), List.of(), "");
  }

  /** Takes the lock for the claim, if it may have it; see {@link Line} for the replica's place. */
  public Step<Attempt> acquire(Asker asker, Claim claim, Line line) {
    if (isHeldBy(claim, asker.nowMicros())) {
      return extendStanding(asker, line);
    }
    boolean ourTurn = tenure.isEmpty() && turn.filter(asker.self()::equals).isPresent();
    if (asker.nowMicros() >= freeAtMicros || ourTurn) {
      return grant(asker, claim, placeAfterGrant(asker.self(), line));
    }
    return busy(asker, line);
  }

  /** Ends one grant and gives the lock to the next claim. */
  public Step<HandOver> handOver(Asker asker, GrantRef from, Claim to, Line line) {
    Release ended = endOf(ReleaseOrder.of(from), asker.nowMicros());
    if (!isOnRecord(from.claim(), Optional.of(from.token()), asker.nowMicros())) {
      Step<Attempt> got = acquire(asker, to, line);
      return new Step<>(got.after(), new HandOver(ended, got.outcome()));
    }
    if (from.claim().equals(to.id())) {
      throw new IllegalArgumentException("a claim cannot be handed over to itself");
    }
    List<ReplicaId> others = without(this.line, asker.self());
    if (line == Line.YIELD && !others.isEmpty()) {
      LockRecord passed = withLine(others).passOn(asker.nowMicros(), "");
      LockRecord queued = passed.withLine(with(passed.line, asker.self()));
      return new Step<>(
          queued, new HandOver(ended, new Attempt.Busy(queued.stateAt(asker.nowMicros()))));
    }
    List<ReplicaId> place = line == Line.JOIN ? others : with(this.line, asker.self());
    Step<Attempt> got = grant(asker, to, place);
    return new Step<>(got.after(), new HandOver(ended, got.outcome()));
  }

  /** Extends a grant to now + its ttl; never shortens, never revives. */
  public Step<Renewal> renew(Asker asker, GrantRef grant) {
    long now = asker.nowMicros();
    if (!isHeldBy(grant.claim(), Optional.of(grant.token()), now)) {
      Loss loss = new Loss(reasonOfLoss(grant.token(), now), revokedAt(now), lastToken());
      return new Step<>(this, new Renewal.Lost(loss));
    }
    LockRecord after = withTenure(tenure.orElseThrow().renewed(now));
    return new Step<>(after, new Renewal.Renewed(after.grantOf(Grant.Origin.STANDING)));
  }

  /** Ends a claim's grant; a late one ends what is left of the lock delay. */
  public Step<Release> release(Asker asker, ReleaseOrder order) {
    long now = asker.nowMicros();
    Release ended = endOf(order, now);
    if (!isOnRecord(order.claim(), order.token(), now)) {
      return new Step<>(this, ended);
    }
    LockRecord after =
        order.closeFor().isZero() ? passOn(now, "") : closed(now + Micros.of(order.closeFor()), "");
    return new Step<>(after, ended);
  }

  /** Ends the grant whoever holds it, and keeps the lock closed as ordered. */
  public Step<Revocation> forceRelease(Asker asker, ForcedRelease order) {
    long now = asker.nowMicros();
    Optional<Holder> holder = stateAt(now).holder();
    if (holder.isEmpty()) {
      boolean named = order.ifToken().isPresent();
      boolean reset = now < freeAtMicros && order.closeFor().isPresent() && !named;
      LockRecord after = reset ? closeAnew(now, order) : this;
      return new Step<>(after, new Revocation.NotHeld());
    }
    Holder former = holder.orElseThrow();
    if (order.ifToken().filter(wanted -> !wanted.equals(former.token())).isPresent()) {
      return new Step<>(this, new Revocation.TokenMismatch(former));
    }
    if (order.closeFor().filter(Duration::isZero).isPresent()) {
      return new Step<>(
          passOn(now, order.reason()), new Revocation.Revoked(former, Optional.empty()));
    }
    long closing = nextToken(asker);
    LockRecord after = closeAnew(now, order).withToken(closing);
    return new Step<>(
        after, new Revocation.Revoked(former, Optional.of(new FencingToken(closing))));
  }

  /** Takes the replica out of the line and passes on a turn that was given to it. */
  public Step<Boolean> leave(Asker asker) {
    LockRecord left = withLine(without(line, asker.self()));
    boolean ourTurn =
        tenure.isEmpty()
            && asker.nowMicros() < freeAtMicros
            && turn.filter(asker.self()::equals).isPresent();
    LockRecord after = ourTurn ? left.passOn(asker.nowMicros(), revoked) : left;
    return new Step<>(after, !after.equals(this));
  }

  /** How the lock stands at the moment. */
  public LockState stateAt(long nowMicros) {
    long present = Math.max(token, Micros.toNanos(nowMicros));
    return new LockState(name, standingAt(nowMicros), lastToken(), lineAt(nowMicros), present);
  }

  /** Whether nothing but the last token would be lost with this record. */
  public boolean isIdleAt(long nowMicros) {
    return nowMicros >= freeAtMicros && lineAt(nowMicros).isEmpty();
  }

  private List<ReplicaId> lineAt(long nowMicros) {
    return nowMicros - freeAtMicros > Micros.of(LEFT_BEHIND) ? List.of() : line;
  }

  private Standing standingAt(long nowMicros) {
    if (nowMicros >= freeAtMicros) {
      return new Standing.Free();
    }
    if (tenure.filter(t -> t.heldAt(nowMicros)).isEmpty()) {
      return new Standing.Closed(
          Micros.duration(freeAtMicros - nowMicros), turn, revokedAt(nowMicros));
    }
    Tenure t = tenure.orElseThrow();
    return new Standing.Held(
        new Holder(
            t.claimant(),
            t.claim().tag(),
            new FencingToken(token),
            Micros.duration(t.expiresAtMicros() - nowMicros),
            Micros.instant(t.acquiredAtMicros())));
  }

  private Step<Attempt> extendStanding(Asker asker, Line line) {
    List<ReplicaId> place = placeIfStaying(asker.self(), line);
    LockRecord after = withTenure(tenure.orElseThrow().renewed(asker.nowMicros())).withLine(place);
    return new Step<>(after, new Attempt.Granted(after.grantOf(Grant.Origin.STANDING)));
  }

  private Step<Attempt> grant(Asker asker, Claim claim, List<ReplicaId> place) {
    Tenure begun = Tenure.begin(claim, asker.nowMicros());
    LockRecord after =
        new LockRecord(
            name,
            Optional.of(begun),
            nextToken(asker),
            begun.freeAtMicros(),
            Optional.empty(),
            place,
            "");
    return new Step<>(after, new Attempt.Granted(after.grantOf(Grant.Origin.NEW)));
  }

  private Step<Attempt> busy(Asker asker, Line line) {
    LockRecord after = line == Line.NONE ? this : withLine(with(this.line, asker.self()));
    return new Step<>(after, new Attempt.Busy(after.stateAt(asker.nowMicros())));
  }

  private List<ReplicaId> placeAfterGrant(ReplicaId self, Line line) {
    List<ReplicaId> others = without(this.line, self);
    return line == Line.STAY || line == Line.YIELD ? with(others, self) : others;
  }

  private List<ReplicaId> placeIfStaying(ReplicaId self, Line line) {
    return line == Line.STAY || line == Line.YIELD
        ? with(this.line, self)
        : without(this.line, self);
  }

  private Release endOf(ReleaseOrder order, long now) {
    if (isHeldBy(order.claim(), order.token(), now)) {
      return new Release.Released();
    }
    return order
        .token()
        .<Release>map(t -> new Release.NotHeld(reasonOfLoss(t, now)))
        .orElseGet(Release.Withdrawn::new);
  }

  private LossReason reasonOfLoss(FencingToken lost, long now) {
    if (!revokedAt(now).isEmpty()) {
      return LossReason.REVOKED;
    }
    if (tenure.filter(t -> t.heldAt(now)).isPresent()) {
      return LossReason.SUPERSEDED;
    }
    boolean givenBack = tenure.isEmpty() && revoked.isEmpty() && token == lost.value();
    return givenBack ? LossReason.RELEASED : LossReason.EXPIRED;
  }

  private String revokedAt(long now) {
    return tenure.isEmpty() && now < freeAtMicros ? revoked : "";
  }

  private boolean isHeldBy(Claim claim, long now) {
    return isHeldBy(claim.id(), Optional.empty(), now);
  }

  private boolean isHeldBy(ClaimId claim, Optional<FencingToken> wanted, long now) {
    return isOnRecord(claim, wanted, now) && tenure.orElseThrow().heldAt(now);
  }

  /** Held by the claim, or closed by the lock delay of its lease. */
  private boolean isOnRecord(ClaimId claim, Optional<FencingToken> wanted, long now) {
    return now < freeAtMicros
        && tenure.filter(t -> t.claim().equals(claim)).isPresent()
        && wanted.filter(t -> t.value() != token).isEmpty();
  }

  private Grant grantOf(Grant.Origin origin) {
    Tenure t = tenure.orElseThrow();
    return new Grant(
        new GrantRef(name, t.claim(), new FencingToken(token)),
        t.lease(),
        t.claimant().mode(),
        origin);
  }

  private Optional<FencingToken> lastToken() {
    return token == 0 ? Optional.empty() : Optional.of(new FencingToken(token));
  }

  private long nextToken(Asker asker) {
    return Math.max(
        Math.max(Math.addExact(token, 1), asker.tokenFloor()), Micros.toNanos(asker.nowMicros()));
  }

  /** Free, or closed for the first in line; with the reason if it was taken by force. */
  private LockRecord passOn(long now, String reason) {
    if (line.isEmpty()) {
      return closed(0, reason);
    }
    return new LockRecord(
        name,
        Optional.empty(),
        token,
        now + Micros.of(TURN),
        Optional.of(line.get(0)),
        line.subList(1, line.size()),
        reason);
  }

  private LockRecord closed(long untilMicros, String reason) {
    return new LockRecord(
        name, Optional.empty(), token, untilMicros, Optional.empty(), line, reason);
  }

  private LockRecord closeAnew(long now, ForcedRelease order) {
    if (order.closeFor().filter(Duration::isZero).isPresent()) {
      return passOn(now, order.reason());
    }
    long until = order.closeFor().map(d -> now + Micros.of(d)).orElse(freeAtMicros);
    return closed(until, order.reason());
  }

  private LockRecord withTenure(Tenure changed) {
    return new LockRecord(
        name, Optional.of(changed), token, changed.freeAtMicros(), turn, line, revoked);
  }

  private LockRecord withToken(long changed) {
    return new LockRecord(name, tenure, changed, freeAtMicros, turn, line, revoked);
  }

  private LockRecord withLine(List<ReplicaId> changed) {
    return new LockRecord(name, tenure, token, freeAtMicros, turn, changed, revoked);
  }

  private static List<ReplicaId> with(List<ReplicaId> line, ReplicaId id) {
    if (line.contains(id)) {
      return line;
    }
    List<ReplicaId> longer = new ArrayList<>(line);
    longer.add(id);
    return longer;
  }

  private static List<ReplicaId> without(List<ReplicaId> line, ReplicaId id) {
    return line.stream().filter(other -> !other.equals(id)).toList();
  }
}
