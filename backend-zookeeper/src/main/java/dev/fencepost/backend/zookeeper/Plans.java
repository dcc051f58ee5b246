package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.Kind;
import dev.fencepost.backend.zookeeper.LockNode.Tenant;
import dev.fencepost.backend.zookeeper.LockNode.Token;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.zookeeper.data.ACL;

/**
 * Turns changes of a lock into transactions. Whatever replaces a state deletes that state's node,
 * whose name is never used again: so no command, however late, can end another state than the one
 * it was made for, which versions could not promise (a recreated node begins at 0 again).
 *
 * <p>Safe for use by many threads.
 */
final class Plans {
  private final Layout layout;
  private final ReplicaId self;
  private final List<ACL> acl;
  private final Places places;
  private final String statePrefix;
  private final AtomicLong states = new AtomicLong();

  /**
   * Makes the plans of one replica.
   *
   * @param random drawn anew for each instance
   */
  Plans(Layout layout, ReplicaId self, List<ACL> acl, Places places, long random) {
    this.layout = layout;
    this.self = self;
    this.acl = acl;
    this.places = places;
    this.statePrefix = Layout.STATE_PREFIX + self + "-" + Long.toHexString(random) + "-";
  }

  /** What a lock's node is believed to be. */
  enum Presence {
    MISSING,
    THERE
  }

  /** Takes a lock that is believed to be free, whatever its node says. */
  Plan take(Claim claim, Presence presence, Base base) {
    LockNode node = held(tenant(claim), base);
    Draft draft = draft(claim.lock());
    if (presence == Presence.MISSING) {
      draft.create(layout.lock(claim.lock()));
    }
    return draft
        .create(layout.busy(claim.lock()))
        .create(layout.inBusy(claim.lock(), node.state()))
        .write(node, Draft.ANY)
        .plan(Optional.of(base));
  }

  /** Takes a lock in a turn of ours. */
  Plan takeTurn(Claim claim, String place, Base base) {
    LockNode node = held(tenant(claim), base);
    return draft(claim.lock())
        .replace(Places.turnNode(place), node.state())
        .write(node, Draft.ANY)
        .plan(Optional.of(base));
  }

  /** Passes a grant that we know to the next claim. */
  Plan pass(LockNode from, Claim to, PlaceChange change, Base base) {
    LockNode node = held(tenant(to), base);
    Draft draft = draft(to.lock()).replace(from.state(), node.state()).write(node, Draft.ANY);
    change(draft, change);
    return draft.plan(Optional.of(base));
  }

  /** Extends a grant that we know. */
  Plan renew(LockName lock, LockNode known) {
    return draft(lock)
        .check(known.state())
        .write(known.keptBy(self), Draft.ANY)
        .plan(Optional.empty());
  }

  /** Ends a grant that we know, if nobody stands in line. */
  Plan free(LockName lock, LockNode known) {
    return draft(lock)
        .delete(known.state())
        .deleteBusy()
        .write(idle(known.token(), Optional.empty(), ""), Draft.ANY)
        .plan(Optional.empty());
  }

  /** What {@link #pass} does with our place in line. */
  enum PlaceChange {
    NONE,
    LEAVE,
    JOIN
  }

  /** The change from one record to another, both at the same moment. */
  Plan between(Snapshot before, Records records, boolean isRenewal, Base base) {
    LockRecord was = records.was();
    LockRecord after = records.after();
    long now = records.nowMicros();
    boolean holds = after.ownership().filter(t -> now < t.expiresAtMicros()).isPresent();
    Draft draft = draft(before.lock());
    boolean makesToken = after.token() != was.token();
    if (holds && makesToken) {
      LockNode node = held(tenant(after.ownership().orElseThrow()), base);
      if (before.isBusy()) {
        draft.replace(before.node().state(), node.state());
      } else {
        begin(draft, before);
        draft.create(layout.inBusy(before.lock(), node.state()));
      }
      draft.write(node, Draft.ANY);
    } else if (holds && isRenewal) {
      draft.check(before.node().state()).write(spelledOut(before).keptBy(self), Draft.ANY);
    } else if (isSameButLine(was, after)) {
      if (joins(was, after)) {
        draft.check(before.node().state());
      }
    } else if (after.freeAtMicros() <= now) {
      draft.delete(before.node().state());
    } else {
      LockNode node = closed(before, records, base);
      draft.replace(before.node().state(), node.state()).write(node, Draft.ANY);
    }
    changeLine(draft, before, records);
    if (!holds
        && after.freeAtMicros() <= now
        && before.isBusy()
        && after.replicaQueue().isEmpty()) {
      finish(
          draft, before, idle(Token.of(was.token()), Optional.empty(), after.revoked()), Draft.ANY);
    }
    return draft.plan(makesToken ? Optional.of(base) : Optional.empty());
  }

  /** What follows when the time of the state in force is over. */
  Plan ending(Snapshot before) {
    LockNode node = spelledOut(before);
    Draft draft = draft(before.lock()).delete(node.state());
    int version = before.version();
    boolean isDelayed =
        node.kind() == Kind.HELD && !node.tenure().orElseThrow().lease().lockDelay().isZero();
    if (isDelayed) {
      LockNode delayed = closing(Kind.DELAYED, newState(), node);
      return draft.createState(delayed.state()).write(delayed, version).plan(Optional.empty());
    }
    // A closing has a token of its own; a turn has the former holder's, who must not be told that
    // it gave the lock back.
    String reason = node.kind() == Kind.TURN ? node.revoked() : "";
    if (before.line().isEmpty()) {
      Token last = Token.of(before.stored().orElseThrow().token());
      return finish(draft, before, idle(last, node.tenure(), reason), version)
          .plan(Optional.empty());
    }
    Place next = before.line().get(0);
    LockNode turn = turn(next, node.token(), node.tenure(), reason);
    draft.createState(turn.state()).write(turn, version);
    deletePlaces(draft, before, next.replica());
    return draft.plan(Optional.empty());
  }

  private void begin(Draft draft, Snapshot before) {
    if (before.stored().isEmpty()) {
      draft.create(layout.lock(before.lock()));
    }
    draft.create(layout.busy(before.lock()));
  }

  private Draft finish(Draft draft, Snapshot before, LockNode idle, int version) {
    before.stale().forEach(place -> draft.delete(place.node()));
    return draft.deleteBusy().write(idle, version);
  }

  private LockNode closed(Snapshot before, Records records, Base base) {
    LockRecord after = records.after();
    Token token =
        after.token() == records.was().token() ? Token.of(after.token()) : Token.here(base);
    if (after.turn().isPresent()) {
      ReplicaId next = after.turn().orElseThrow();
      Place place =
          before.line().stream().filter(p -> p.replica().equals(next)).findFirst().orElseThrow();
      return turn(place, token, Optional.empty(), after.revoked());
    }
    Duration length = MicrosecondTime.duration(after.freeAtMicros() - records.nowMicros());
    return new LockNode(
        Kind.CLOSED,
        newState(),
        self,
        token,
        Optional.empty(),
        length,
        Optional.empty(),
        after.revoked());
  }

  private void changeLine(Draft draft, Snapshot before, Records records) {
    List<ReplicaId> was = records.was().replicaQueue();
    List<ReplicaId> after = records.after().replicaQueue();
    was.stream()
        .filter(replica -> !after.contains(replica))
        .forEach(replica -> deletePlaces(draft, before, replica));
    boolean moves =
        was.contains(self)
            && after.contains(self)
            && !was.stream().filter(after::contains).toList().equals(after);
    if (moves) {
      deletePlaces(draft, before, self);
    }
    if (moves || joins(records.was(), records.after())) {
      change(draft, PlaceChange.JOIN);
    }
  }

  private void deletePlaces(Draft draft, Snapshot before, ReplicaId replica) {
    before.line().stream()
        .filter(place -> place.replica().equals(replica))
        .forEach(place -> draft.delete(place.node()));
    if (replica.equals(self)) {
      draft.leavesPlace();
    }
  }

  private void change(Draft draft, PlaceChange change) {
    switch (change) {
      case NONE -> {}
      case LEAVE -> {
        places.of(draft.lock()).ifPresent(draft::delete);
        draft.leavesPlace();
      }
      case JOIN -> draft.join(places.newPrefix());
    }
  }

  private boolean joins(LockRecord was, LockRecord after) {
    return !was.replicaQueue().contains(self) && after.replicaQueue().contains(self);
  }

  private static boolean isSameButLine(LockRecord was, LockRecord after) {
    return was.ownership().equals(after.ownership())
        && was.token() == after.token()
        && was.freeAtMicros() == after.freeAtMicros()
        && was.turn().equals(after.turn())
        && was.revoked().equals(after.revoked());
  }

  private static LockNode spelledOut(Snapshot before) {
    return before.node().spelledOut(before.stored().orElseThrow().stat());
  }

  private LockNode held(Tenant tenant, Base base) {
    return new LockNode(
        Kind.HELD,
        newState(),
        self,
        Token.here(base),
        Optional.of(tenant),
        Duration.ZERO,
        Optional.empty(),
        "");
  }

  private LockNode turn(Place next, Token token, Optional<Tenant> expired, String revoked) {
    return new LockNode(
        Kind.TURN,
        Places.turnNode(next.node()),
        self,
        token,
        expired,
        LockRecord.TURN,
        Optional.of(next.replica()),
        revoked);
  }

  private LockNode closing(Kind kind, String state, LockNode like) {
    return new LockNode(
        kind, state, self, like.token(), like.tenure(), Duration.ZERO, Optional.empty(), "");
  }

  private LockNode idle(Token token, Optional<Tenant> expired, String revoked) {
    return new LockNode(
        Kind.IDLE, "", self, token, expired, Duration.ZERO, Optional.empty(), revoked);
  }

  private static Tenant tenant(Claim claim) {
    return new Tenant(claim.id(), claim.claimant(), claim.lease(), 0);
  }

  private static Tenant tenant(Ownership tenure) {
    return new Tenant(tenure.claim(), tenure.claimant(), tenure.lease(), 0);
  }

  private String newState() {
    return statePrefix + Long.toHexString(states.incrementAndGet());
  }

  private Draft draft(LockName lock) {
    return new Draft(layout, lock, acl);
  }

  /** A record before and after a step, and the moment that the step was given. */
  record Records(LockRecord was, LockRecord after, long nowMicros) {}
}
