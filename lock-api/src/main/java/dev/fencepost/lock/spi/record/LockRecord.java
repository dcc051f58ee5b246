package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The stored record of one lock, and the rules of its transitions.
 *
 * <p>At a moment {@code now} the lock is <em>held</em> while the lease of its ownership runs,
 * <em>closed</em> when it has ended but {@code now < freeAtMicros}, and free afterwards. A free
 * lock keeps its last token. Every transition is a pure function of the record, the context and the
 * command. A backend reads a record, applies a transition and writes it as one atomic step.
 *
 * @param name the lock
 * @param ownership the claim on record, whether or not its lease has run out
 * @param token the highest token ever given for it; 0 if none
 * @param freeAtMicros when everybody may take it, in µs since 1970 by the store's clock; 0 after a
 *     release, so that a clock that steps back does not close what was released
 * @param turn while it is closed without an ownership: the one replica that may take it all the
 *     same
 * @param replicaQueue the replicas that have waiters, first come first
 * @param revoked the administrator's reason, if it was taken or closed by force and not granted
 *     since; else empty
 */
public record LockRecord(
    LockName name,
    Optional<Ownership> ownership,
    long token,
    long freeAtMicros,
    Optional<ReplicaId> turn,
    List<ReplicaId> replicaQueue,
    String revoked) {

  /** Time for which a release reserves the lock for the first queued replica. */
  public static final Duration TURN = Duration.ofSeconds(1);

  /**
   * A replica with waiters polls a lock every 1–2 s and takes it once it is free. A replica queue
   * beside a lock that has been free for longer than this is abandoned: its replicas died.
   */
  private static final Duration LEFT_BEHIND = Duration.ofSeconds(10);

  /** Copies the queue. */
  public LockRecord {
    replicaQueue = List.copyOf(replicaQueue);
  }

  /** The record of a lock that nobody ever used. */
  public static LockRecord unused(LockName name) {
    return new LockRecord(name, Optional.empty(), 0, 0, Optional.empty(), List.of(), "");
  }

  /**
   * Takes the lock for the claim, if it may have it; see {@link QueueIntent} for the replica's
   * place.
   */
  public Transition<Attempt> acquire(StepContext context, Claim claim, QueueIntent intent) {
    if (isHeldBy(claim, context.nowMicros())) {
      return isMadeBy(claim.claimant().principal())
          ? extendExisting(context, intent)
          : new Transition<>(this, new Attempt.ForeignClaim(maker()));
    }
    boolean ourTurn = ownership.isEmpty() && turn.filter(context.self()::equals).isPresent();
    if (context.nowMicros() >= freeAtMicros || ourTurn) {
      return grant(context, claim, placeAfterGrant(context.self(), intent));
    }
    return busy(context, intent);
  }

  /** Ends one grant and gives the lock to the next claim. */
  public Transition<HandOver> handOver(
      StepContext context, GrantRef from, Claim to, QueueIntent intent) {
    Release ended = endOf(ReleaseCommand.of(from), context.nowMicros());
    if (!isOnRecord(from.claim(), Optional.of(from.token()), context.nowMicros())
        || !isMadeBy(from.principal())) {
      Transition<Attempt> got = acquire(context, to, intent);
      return new Transition<>(got.after(), new HandOver(ended, got.outcome()));
    }
    if (from.claim().equals(to.id())) {
      throw new IllegalArgumentException("a claim cannot be handed over to itself");
    }
    List<ReplicaId> others = without(this.replicaQueue, context.self());
    if (intent == QueueIntent.YIELD && !others.isEmpty()) {
      LockRecord passed = withReplicaQueue(others).passOn(context.nowMicros(), "");
      LockRecord queued = passed.withReplicaQueue(with(passed.replicaQueue, context.self()));
      return new Transition<>(
          queued, new HandOver(ended, new Attempt.Busy(queued.stateAt(context.nowMicros()))));
    }
    List<ReplicaId> place =
        intent == QueueIntent.JOIN ? others : with(this.replicaQueue, context.self());
    Transition<Attempt> got = grant(context, to, place);
    return new Transition<>(got.after(), new HandOver(ended, got.outcome()));
  }

  /** Extends a grant to now + its ttl; never shortens, never revives. */
  public Transition<Renewal> renew(StepContext context, GrantRef grant) {
    long now = context.nowMicros();
    if (!isHeldBy(grant.claim(), Optional.of(grant.token()), now)) {
      GrantLoss loss = new GrantLoss(reasonOfLoss(grant.token(), now), revokedAt(now), lastToken());
      return new Transition<>(this, new Renewal.Lost(loss));
    }
    if (!isMadeBy(grant.principal())) {
      return new Transition<>(this, new Renewal.ForeignGrant(maker()));
    }
    LockRecord after = withOwnership(ownership.orElseThrow().renewed(now));
    return new Transition<>(after, new Renewal.Renewed(after.grantOf(Grant.Origin.EXISTING)));
  }

  /** Ends a claim's grant; a late one ends what is left of the lock delay. */
  public Transition<Release> release(StepContext context, ReleaseCommand order) {
    long now = context.nowMicros();
    Release ended = endOf(order, now);
    if (!isOnRecord(order.claim(), order.token(), now) || !isMadeBy(order.principal())) {
      return new Transition<>(this, ended);
    }
    LockRecord after =
        order.closeFor().isZero()
            ? passOn(now, "")
            : closed(now + MicrosecondTime.of(order.closeFor()), "");
    return new Transition<>(after, ended);
  }

  /** Ends the grant, regardless of its holder, and keeps the lock closed as commanded. */
  public Transition<Revocation> forceRelease(StepContext context, ForceReleaseCommand order) {
    long now = context.nowMicros();
    Optional<Holder> holder = stateAt(now).holder();
    if (holder.isEmpty()) {
      boolean named = order.ifToken().isPresent();
      boolean reset = now < freeAtMicros && order.closeFor().isPresent() && !named;
      LockRecord after = reset ? closeAgain(now, order) : this;
      return new Transition<>(after, new Revocation.NotHeld());
    }
    Holder former = holder.orElseThrow();
    if (order.ifToken().filter(wanted -> !wanted.equals(former.token())).isPresent()) {
      return new Transition<>(this, new Revocation.TokenMismatch(former));
    }
    if (order.closeFor().filter(Duration::isZero).isPresent()) {
      return new Transition<>(
          passOn(now, order.reason()), new Revocation.Revoked(former, Optional.empty()));
    }
    long closing = nextToken(context);
    LockRecord after = closeAgain(now, order).withToken(closing);
    return new Transition<>(
        after, new Revocation.Revoked(former, Optional.of(new FencingToken(closing))));
  }

  /** Removes the replica from the queue and passes on a turn that was given to it. */
  public Transition<Boolean> leave(StepContext context) {
    LockRecord left = withReplicaQueue(without(replicaQueue, context.self()));
    boolean ourTurn =
        ownership.isEmpty()
            && context.nowMicros() < freeAtMicros
            && turn.filter(context.self()::equals).isPresent();
    LockRecord after = ourTurn ? left.passOn(context.nowMicros(), revoked) : left;
    return new Transition<>(after, !after.equals(this));
  }

  /** Returns the lock's state at the moment. */
  public LockState stateAt(long nowMicros) {
    long present = Math.max(token, MicrosecondTime.toNanos(nowMicros));
    return new LockState(
        name, statusAt(nowMicros), lastToken(), replicaQueueAt(nowMicros), present);
  }

  /** Returns true if the record holds nothing but the last token. */
  public boolean isIdleAt(long nowMicros) {
    return nowMicros >= freeAtMicros && replicaQueueAt(nowMicros).isEmpty();
  }

  private List<ReplicaId> replicaQueueAt(long nowMicros) {
    return nowMicros - freeAtMicros > MicrosecondTime.of(LEFT_BEHIND) ? List.of() : replicaQueue;
  }

  private LockStatus statusAt(long nowMicros) {
    if (nowMicros >= freeAtMicros) {
      return new LockStatus.Free();
    }
    if (ownership.filter(t -> t.heldAt(nowMicros)).isEmpty()) {
      return new LockStatus.Closed(
          MicrosecondTime.duration(freeAtMicros - nowMicros), turn, revokedAt(nowMicros));
    }
    Ownership t = ownership.orElseThrow();
    return new LockStatus.Held(
        new Holder(
            t.claimant(),
            t.claim().tag(),
            new FencingToken(token),
            MicrosecondTime.duration(t.expiresAtMicros() - nowMicros),
            MicrosecondTime.instant(t.acquiredAtMicros())));
  }

  private Transition<Attempt> extendExisting(StepContext context, QueueIntent intent) {
    List<ReplicaId> place = placeIfStaying(context.self(), intent);
    LockRecord after =
        withOwnership(ownership.orElseThrow().renewed(context.nowMicros())).withReplicaQueue(place);
    return new Transition<>(after, new Attempt.Granted(after.grantOf(Grant.Origin.EXISTING)));
  }

  private Transition<Attempt> grant(StepContext context, Claim claim, List<ReplicaId> place) {
    Ownership begun = Ownership.begin(claim, context.nowMicros());
    LockRecord after =
        new LockRecord(
            name,
            Optional.of(begun),
            nextToken(context),
            begun.freeAtMicros(),
            Optional.empty(),
            place,
            "");
    return new Transition<>(after, new Attempt.Granted(after.grantOf(Grant.Origin.NEW)));
  }

  private Transition<Attempt> busy(StepContext context, QueueIntent intent) {
    LockRecord after =
        intent == QueueIntent.NONE
            ? this
            : withReplicaQueue(with(this.replicaQueue, context.self()));
    return new Transition<>(after, new Attempt.Busy(after.stateAt(context.nowMicros())));
  }

  private List<ReplicaId> placeAfterGrant(ReplicaId self, QueueIntent intent) {
    List<ReplicaId> others = without(this.replicaQueue, self);
    return intent == QueueIntent.STAY || intent == QueueIntent.YIELD ? with(others, self) : others;
  }

  private List<ReplicaId> placeIfStaying(ReplicaId self, QueueIntent intent) {
    return intent == QueueIntent.STAY || intent == QueueIntent.YIELD
        ? with(this.replicaQueue, self)
        : without(this.replicaQueue, self);
  }

  private Release endOf(ReleaseCommand order, long now) {
    if (isOnRecord(order.claim(), order.token(), now) && !isMadeBy(order.principal())) {
      return new Release.ForeignRelease(maker());
    }
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
    if (ownership.filter(t -> t.heldAt(now)).isPresent()) {
      return LossReason.SUPERSEDED;
    }
    boolean givenBack = ownership.isEmpty() && revoked.isEmpty() && token == lost.value();
    return givenBack ? LossReason.RELEASED : LossReason.EXPIRED;
  }

  private String revokedAt(long now) {
    return ownership.isEmpty() && now < freeAtMicros ? revoked : "";
  }

  private boolean isHeldBy(Claim claim, long now) {
    return isHeldBy(claim.id(), Optional.empty(), now);
  }

  private boolean isHeldBy(ClaimId claim, Optional<FencingToken> wanted, long now) {
    return isOnRecord(claim, wanted, now) && ownership.orElseThrow().heldAt(now);
  }

  /** Held by the claim, or closed by the lock delay of its lease. */
  private boolean isOnRecord(ClaimId claim, Optional<FencingToken> wanted, long now) {
    return now < freeAtMicros
        && ownership.filter(t -> t.claim().equals(claim)).isPresent()
        && wanted.filter(t -> t.value() != token).isEmpty();
  }

  private boolean isMadeBy(String principal) {
    return ownership.filter(t -> t.claimant().principal().equals(principal)).isPresent();
  }

  private OtherPrincipal maker() {
    return new OtherPrincipal(
        ownership.orElseThrow().claimant().principal(), new FencingToken(token));
  }

  private Grant grantOf(Grant.Origin origin) {
    Ownership t = ownership.orElseThrow();
    return new Grant(
        new GrantRef(name, t.claim(), new FencingToken(token), t.claimant().principal()),
        t.lease(),
        t.claimant().mode(),
        origin);
  }

  private Optional<FencingToken> lastToken() {
    return token == 0 ? Optional.empty() : Optional.of(new FencingToken(token));
  }

  private long nextToken(StepContext context) {
    return Math.max(
        Math.max(Math.addExact(token, 1), context.tokenFloor()),
        MicrosecondTime.toNanos(context.nowMicros()));
  }

  /** Free, or closed for the first queued replica; with the reason if it was revoked. */
  private LockRecord passOn(long now, String reason) {
    if (replicaQueue.isEmpty()) {
      return closed(0, reason);
    }
    return new LockRecord(
        name,
        Optional.empty(),
        token,
        now + MicrosecondTime.of(TURN),
        Optional.of(replicaQueue.get(0)),
        replicaQueue.subList(1, replicaQueue.size()),
        reason);
  }

  private LockRecord closed(long untilMicros, String reason) {
    return new LockRecord(
        name, Optional.empty(), token, untilMicros, Optional.empty(), replicaQueue, reason);
  }

  private LockRecord closeAgain(long now, ForceReleaseCommand order) {
    if (order.closeFor().filter(Duration::isZero).isPresent()) {
      return passOn(now, order.reason());
    }
    long until = order.closeFor().map(d -> now + MicrosecondTime.of(d)).orElse(freeAtMicros);
    return closed(until, order.reason());
  }

  private LockRecord withOwnership(Ownership changed) {
    return new LockRecord(
        name, Optional.of(changed), token, changed.freeAtMicros(), turn, replicaQueue, revoked);
  }

  private LockRecord withToken(long changed) {
    return new LockRecord(name, ownership, changed, freeAtMicros, turn, replicaQueue, revoked);
  }

  private LockRecord withReplicaQueue(List<ReplicaId> changed) {
    return new LockRecord(name, ownership, token, freeAtMicros, turn, changed, revoked);
  }

  private static List<ReplicaId> with(List<ReplicaId> replicaQueue, ReplicaId id) {
    if (replicaQueue.contains(id)) {
      return replicaQueue;
    }
    List<ReplicaId> longer = new ArrayList<>(replicaQueue);
    longer.add(id);
    return longer;
  }

  private static List<ReplicaId> without(List<ReplicaId> replicaQueue, ReplicaId id) {
    return replicaQueue.stream().filter(other -> !other.equals(id)).toList();
  }
}
