package dev.fencepost.core.simulation;

import dev.fencepost.core.AcquireCommand;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Checks the rules of the contract against what the callers see, and records each violation. It
 * checks what the coordinator adds; rules that the store alone keeps belong to the contract suite.
 */
final class InvariantChecker {
  private record Seat(ReplicaId replica, LockName lock) {}

  private record Sent(ReplicaId replica, ClaimId claim) {}

  /** A holder's belief: it holds the claim until this moment. */
  private record Belief(ClaimId claim, long untilNanos) {}

  private final VirtualTime time;
  final List<String> breaches = new ArrayList<>();
  private final Map<LockName, Long> highestToken = new HashMap<>();
  private final Map<ClaimId, Set<FencingToken>> recordedFor = new HashMap<>();
  private final Map<ClaimId, Long> begun = new HashMap<>();
  private final Map<LockName, Belief> beliefs = new HashMap<>();
  private final Map<Seat, Map<ClaimId, Boolean>> waiting = new HashMap<>();
  private final Map<Sent, Integer> callsOf = new HashMap<>();
  private final Set<Sent> unanswered = new HashSet<>();
  private final Set<ClaimId> credited = new HashSet<>();
  private final Set<ClaimId> releasesAsked = new HashSet<>();
  private final Map<Seat, Integer> passedOver = new HashMap<>();
  private final int mostPassedOver;
  int grants;

  /**
   * {@code mostPassedOver}: grants elsewhere while a replica waits, as far as rule 10 allows them.
   */
  InvariantChecker(VirtualTime time, int mostPassedOver) {
    this.time = time;
    this.mostPassedOver = mostPassedOver;
  }

  // ---- Observations at the store

  /** Rule 2: every new grant has a higher token than all before. */
  void executed(Object outcome) {
    if (outcome instanceof HandOver both) {
      executed(both.got());
    } else if (outcome instanceof Attempt.Granted granted
        && granted.grant().origin() == Grant.Origin.NEW) {
      LockName lock = granted.grant().ref().lock();
      long token = granted.grant().token().value();
      recordedFor
          .computeIfAbsent(granted.grant().ref().claim(), claim -> new HashSet<>())
          .add(granted.grant().token());
      long before = highestToken.getOrDefault(lock, 0L);
      check(token > before, "rule 2: token %d after %d of %s", token, before, lock);
      highestToken.put(lock, Math.max(before, token));
    }
  }

  // ---- Observations between a replica and its store

  /** Rule 12: no command is sent for a claim without waiting calls, and never two at once. */
  void commandSent(ReplicaId replica, ClaimId claim) {
    Sent sent = new Sent(replica, claim);
    check(callsOf.getOrDefault(sent, 0) > 0, "rule 12: a command for %s, which has left", claim);
    check(unanswered.add(sent), "rule 12: two commands at once for %s", claim);
  }

  void commandAnswered(ReplicaId replica, ClaimId claim) {
    unanswered.remove(new Sent(replica, claim));
  }

  /** Rule 11: the server never gives back a grant on its own. */
  void releaseSent(ClaimId claim) {
    check(releasesAsked.contains(claim), "rule 11: nobody asked to release %s", claim);
  }

  // ---- Observations of the callers

  void releaseAsked(ClaimId claim) {
    releasesAsked.add(claim);
  }

  /** A call arrived. A claim that waited elsewhere may get an earlier place. */
  void arrived(ReplicaId replica, AcquireCommand order) {
    LockName lock = order.claim().lock();
    ClaimId claim = order.claim().id();
    boolean waits = !order.maxWait().isZero();
    if (!order.waited().isZero()) {
      credited.add(claim);
    }
    begun.putIfAbsent(claim, time.nanoTime());
    callsOf.merge(new Sent(replica, claim), 1, Integer::sum);
    Map<ClaimId, Boolean> here =
        waiting.computeIfAbsent(new Seat(replica, lock), seat -> new LinkedHashMap<>());
    here.merge(claim, waits, Boolean::logicalOr);
  }

  /** A call was answered, or its caller left. */
  void ended(ReplicaId replica, LockName lock, ClaimId claim) {
    Sent sent = new Sent(replica, claim);
    if (callsOf.merge(sent, -1, Integer::sum) == 0) {
      callsOf.remove(sent);
      Seat seat = new Seat(replica, lock);
      Map<ClaimId, Boolean> here = waiting.getOrDefault(seat, new LinkedHashMap<>());
      here.remove(claim);
      if (!here.containsValue(true)) {
        passedOver.remove(seat);
      }
      if (here.isEmpty()) {
        waiting.remove(seat);
      }
    }
  }

  /** A replica crashed with all its calls. */
  void forget(ReplicaId replica) {
    waiting.keySet().removeIf(seat -> seat.replica().equals(replica));
    passedOver.keySet().removeIf(seat -> seat.replica().equals(replica));
    callsOf.keySet().removeIf(sent -> sent.replica().equals(replica));
  }

  /**
   * Rules 3 and 10: a claim gets a token that the store recorded for it, despite crashes and
   * pauses; first come, first served; bounded turns.
   */
  void granted(ReplicaId replica, Grant grant) {
    grants++;
    ClaimId claim = grant.ref().claim();
    LockName lock = grant.ref().lock();
    check(
        recordedFor.getOrDefault(claim, Set.of()).contains(grant.token()),
        "rule 3: claim %s is told token %s, the store recorded %s",
        claim,
        grant.token(),
        recordedFor.get(claim));
    if (grant.origin() == Grant.Origin.EXISTING) {
      return;
    }
    Seat seat = new Seat(replica, lock);
    for (Map.Entry<ClaimId, Boolean> earlier : waiting.getOrDefault(seat, Map.of()).entrySet()) {
      if (earlier.getKey().equals(claim)) {
        break;
      }
      boolean mayPass = !earlier.getValue() || mayPass(claim, earlier.getKey());
      check(mayPass, "rule 10: %s overtook %s", claim, earlier.getKey());
    }
    countTurns(seat);
  }

  /** Claims that waited elsewhere, or left and returned, go before those that began later. */
  private boolean mayPass(ClaimId claim, ClaimId earlier) {
    boolean beganEarlier = begun.get(claim) < begun.get(earlier);
    return credited.contains(claim) && (credited.contains(earlier) || beganEarlier);
  }

  /** Rules 1 and 4: beliefs of different holders never overlap. */
  void believes(LockName lock, ClaimId claim, long untilNanos) {
    Belief before = beliefs.get(lock);
    boolean other = before != null && !before.claim().equals(claim);
    check(
        !other || before.untilNanos() <= time.nanoTime(),
        "rule 1: %s believes to hold %s while %s does",
        claim,
        lock,
        before);
    long until = before == null || other ? untilNanos : Math.max(untilNanos, before.untilNanos());
    beliefs.put(lock, new Belief(claim, until));
  }

  void doubts(LockName lock, ClaimId claim) {
    Belief before = beliefs.get(lock);
    if (before != null && before.claim().equals(claim)) {
      beliefs.remove(lock);
    }
  }

  /** Rule 9: all waiting calls were answered, and could be, since every lease has ended. */
  void checkNobodyWaits() {
    check(waiting.isEmpty(), "rule 9: still waiting: %s", waiting);
    check(callsOf.isEmpty(), "rule 9: calls without answer: %s", callsOf);
  }

  @SuppressWarnings("AnnotateFormatMethod") // its annotation would be one more dependency
  void check(boolean kept, String format, Object... values) {
    if (!kept) {
      breaches.add(
          time.nanoTime() / 1_000_000 + " ms: " + String.format(Locale.ROOT, format, values));
    }
  }

  private void countTurns(Seat winner) {
    passedOver.remove(winner);
    for (Map.Entry<Seat, Map<ClaimId, Boolean>> entry : waiting.entrySet()) {
      Seat seat = entry.getKey();
      if (entry.getValue().containsValue(true)
          && seat.lock().equals(winner.lock())
          && !seat.replica().equals(winner.replica())) {
        int count = passedOver.merge(seat, 1, Integer::sum);
        check(
            count <= mostPassedOver,
            "rule 10: %s waits for %s and %d grants went elsewhere",
            seat.replica(),
            seat.lock(),
            count);
      }
    }
  }
}
