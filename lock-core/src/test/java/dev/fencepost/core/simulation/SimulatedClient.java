package dev.fencepost.core.simulation;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.MakerCheck;
import dev.fencepost.core.PendingAcquire;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * A caller who takes locks, holds them as the contract allows, and behaves badly now and then:
 * leaves, dies, repeats itself, asks twice.
 */
final class SimulatedClient {
  private static final int MOST_TRIES = 40;
  private static final Duration PATIENT = Duration.ofMinutes(10);

  /** The time after which a server detects that a connection swallows its messages. */
  private static final Duration NOTICED = Duration.ofSeconds(15);

  private final Simulation simulation;
  private final VirtualTime time;
  private final InvariantChecker checker;
  private final String name;
  private final int home;
  private int claims;

  SimulatedClient(Simulation simulation, String name, int home) {
    this.simulation = simulation;
    this.time = simulation.time;
    this.checker = simulation.checker;
    this.name = name;
    this.home = home;
  }

  /** Starts a new claim after a pause, until the simulation stops it. */
  void live() {
    time.schedule(
        time.upToMillis(simulation.thinkMillis()),
        () -> {
          if (!simulation.isClosing()) {
            new Attempted(newClaim(), drawWait()).send();
          }
        });
  }

  private Claim newClaim() {
    LockName lock = simulation.anyLock();
    ClaimId id = new ClaimId(String.format(Locale.ROOT, "%s-%020d", name, claims++));
    Duration ttl = Duration.ofMillis(2_000 + time.random.nextLong(2_000));
    Duration delay = fickle(0.2) ? Duration.ofMillis(500) : Duration.ZERO;
    return new Claim(lock, id, new Lease(ttl, delay), Claimant.named(name));
  }

  /** Returns true if the caller misbehaves now. */
  private boolean fickle(double share) {
    return !simulation.faults.isFair() && time.chance(share);
  }

  private Duration drawWait() {
    double kind = time.random.nextDouble();
    if (kind < 0.15) {
      return Duration.ZERO;
    }
    return kind < 0.4 ? time.upToMillis(600).plusMillis(1) : PATIENT;
  }

  /** One claim from its first call to its end. */
  private final class Attempted {
    private final Claim claim;
    private final Duration maxWait;
    private int tries;
    private boolean over;
    private boolean ended;
    private long believesUntil;
    private long begunNanos;

    Attempted(Claim claim, Duration maxWait) {
      this.claim = claim;
      this.maxWait = maxWait;
    }

    void send() {
      begunNanos = tries == 0 ? time.nanoTime() : begunNanos;
      if (++tries > MOST_TRIES) {
        end();
        return;
      }
      call(simulation.replicaFor(home));
      if (tries == 1 && fickle(0.03)) {
        call(simulation.replicaFor(home));
      }
    }

    private void call(SimulatedReplica replica) {
      long sent = time.nanoTime();
      Duration waited = Duration.ofNanos(sent - begunNanos);
      AcquireCommand order = new AcquireCommand(claim, maxWait, waited, name);
      checker.arrived(replica.id, order);
      PendingAcquire call = replica.coordinator.acquire(order);
      Ending ending = new Ending(replica);
      replica.ask(call.answer(), (answer, error) -> answered(ending, sent, answer, error));
      if (time.chance(simulation.faults.swallows())) {
        swallow(call, ending);
      } else if (fickle(simulation.faults.isHasty() ? 0.4 : 0.1)) {
        time.schedule(time.upToMillis(800), () -> leave(call, ending));
      }
      bound(ending);
    }

    /** Rule 9: no call is forgotten. */
    private void bound(Ending ending) {
      if (maxWait.compareTo(PATIENT) < 0) {
        Duration standing = Simulation.LONGEST_PAUSE.multipliedBy(simulation.faults.pauses());
        Duration asking = SimulatedStore.CALL_TIMEOUT.multipliedBy(3).plusMillis(200);
        Duration most = maxWait.plus(asking).plus(standing);
        time.schedule(
            most, () -> checker.check(ending.done, "rule 9: %s has no answer", claim.id()));
      }
    }

    /** The caller never gets this answer and repeats the call in time; the server notices late. */
    private void swallow(PendingAcquire call, Ending ending) {
      ending.swallowed = true;
      time.schedule(time.upToMillis(800), this::repeat);
      time.schedule(
          NOTICED,
          () -> {
            if (!ending.done) {
              ending.end();
              call.leave();
            }
          });
    }

    /** The deadline of a call passed: the claim is retried, as clients are told to. */
    private void repeat() {
      if (!over) {
        send();
      }
    }

    private void leave(PendingAcquire call, Ending ending) {
      if (!ending.done) {
        ending.end();
        call.leave();
        if (over) {
          return;
        }
        if (fickle(simulation.faults.isHasty() ? 0.9 : 0.5)) {
          repeat();
          return;
        }
        if (fickle(0.5)) {
          checker.releaseAsked(claim.id());
          simulation
              .anyReplica()
              .coordinator
              .release(ReleaseCommand.withdrawal(claim.lock(), claim.id()), MakerCheck.EXACT);
        }
        end();
      }
    }

    private void answered(Ending ending, long sent, AcquireAnswer answer, Throwable error) {
      if (ending.done) {
        return;
      }
      if (answer instanceof AcquireAnswer.Granted granted) {
        checker.granted(ending.replica.id, granted.grant());
      }
      ending.end();
      if (over || ending.swallowed) {
        return;
      }
      if (answer instanceof AcquireAnswer.Granted granted) {
        over = true;
        began(granted.grant(), sent);
      } else if (error != null) {
        time.schedule(time.upToMillis(100), this::send);
      } else {
        end();
      }
    }

    private void began(Grant grant, long sent) {
      if (time.nanoTime() - sent > grant.lease().ttl().toNanos() / 4) {
        renew(grant);
      } else {
        hold(grant, sent);
      }
    }

    private void hold(Grant grant, long countsFrom) {
      believesUntil = countsFrom + grant.lease().validFor().toNanos();
      if (believesUntil <= time.nanoTime()) {
        lose();
        return;
      }
      checker.believes(claim.lock(), claim.id(), believesUntil);
      double what = time.random.nextDouble();
      if (what < simulation.shareOfDeaths()) {
        lose();
      } else if (what < (simulation.faults.isHasty() ? 0.3 : 0.06) && fickle(1)) {
        // It works until its lease ends.
        time.schedule(Duration.ofNanos(believesUntil - time.nanoTime()), this::lose);
      } else if (what < 0.36 && what > 0.3 && !simulation.faults.isFair()) {
        time.schedule(grant.lease().renewAfter(), () -> renew(grant));
      } else {
        time.schedule(time.upToMillis(simulation.holdMillis()), () -> release(grant, 1));
      }
    }

    private void renew(Grant grant) {
      long sent = time.nanoTime();
      boolean late = believesUntil != 0 && sent >= believesUntil;
      SimulatedReplica replica = simulation.replicaFor(home);
      replica.ask(
          replica.coordinator.renew(grant.ref(), MakerCheck.EXACT),
          (renewal, error) -> {
            boolean inTime = !late && (believesUntil == 0 || time.nanoTime() < believesUntil);
            if (renewal instanceof Renewal.Renewed && inTime) {
              hold(grant, sent);
            } else {
              lose();
            }
          });
    }

    private void release(Grant grant, int tries) {
      checker.doubts(claim.lock(), claim.id());
      checker.releaseAsked(claim.id());
      SimulatedReplica replica = simulation.replicaFor(home);
      boolean closes = fickle(0.03);
      Duration closeFor = closes ? time.upToMillis(500) : Duration.ZERO;
      ReleaseCommand order =
          new ReleaseCommand(
              claim.lock(),
              claim.id(),
              Optional.of(grant.token()),
              closeFor,
              grant.ref().principal());
      replica.ask(
          replica.coordinator.release(order, MakerCheck.EXACT),
          (ended, error) -> {
            if (error != null && tries < 3) {
              release(grant, tries + 1);
            } else {
              end();
            }
          });
    }

    private void lose() {
      checker.doubts(claim.lock(), claim.id());
      end();
    }

    private void end() {
      if (!ended) {
        ended = true;
        over = true;
        live();
      }
    }

    /** Ends one call, once. */
    private final class Ending {
      final SimulatedReplica replica;
      boolean done;
      boolean swallowed;

      Ending(SimulatedReplica replica) {
        this.replica = replica;
      }

      void end() {
        done = true;
        checker.ended(replica.id, claim.lock(), claim.id());
      }
    }
  }
}
