package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;

/** An operation of a random run, applied to each side. */
final class RandomOperation {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final int MOST_CLAIMS_REUSED = 6;

  private final String text;
  private final BiFunction<ContractReplica, AnswerView, String> act;

  private RandomOperation(String text, BiFunction<ContractReplica, AnswerView, String> act) {
    this.text = text;
    this.act = act;
  }

  /**
   * Draws an operation.
   *
   * @param closed whether the lock is closed for everybody: then it is often opened
   */
  static RandomOperation draw(Random random, ClaimHistory track, boolean closed) {
    int kind = random.nextInt(100);
    if (closed && kind < 40) {
      return revoke(random, track, Optional.of(Duration.ZERO));
    }
    List<Integer> grants = track.reference().grantNumbers();
    if (grants.isEmpty() || kind < 35) {
      return acquire(random, track);
    }
    // Often the latest grant, sometimes one that ended long ago.
    int grant =
        random.nextInt(3) > 0
            ? grants.get(grants.size() - 1)
            : grants.get(random.nextInt(grants.size()));
    if (kind < 50) {
      return handOver(random, track, grant);
    }
    if (kind < 62) {
      return renew(random, grant);
    }
    if (kind < 84) {
      return release(random, grant);
    }
    if (kind < 92) {
      return new RandomOperation(
          "leave",
          (party, sight) -> {
            party.leave(track.lock());
            return "left";
          });
    }
    return revoke(random, track, closing(random));
  }

  /** Applies it to one side and returns its answer as text. */
  String apply(ContractReplica party, AnswerView sight) {
    return act.apply(party, sight);
  }

  @Override
  public String toString() {
    return text;
  }

  private static RandomOperation acquire(Random random, ClaimHistory track) {
    Claim claim = claim(random, track);
    QueueIntent line =
        List.of(QueueIntent.NONE, QueueIntent.JOIN, QueueIntent.STAY).get(random.nextInt(3));
    return new RandomOperation(
        "acquire " + text(claim) + " " + line,
        (party, sight) -> sight.show(party.tryAcquire(claim, line)));
  }

  private static RandomOperation handOver(Random random, ClaimHistory track, int from) {
    Claim drawn = claim(random, track);
    String principal = principal(random);
    boolean toItself = drawn.id().equals(track.reference().grant(from).claim());
    Claim to = toItself ? newClaim(random, track) : drawn;
    QueueIntent line =
        List.of(QueueIntent.JOIN, QueueIntent.STAY, QueueIntent.YIELD).get(random.nextInt(3));
    return new RandomOperation(
        "hand over #" + from + " by " + principal + " to " + text(to) + " " + line,
        (party, sight) -> {
          GrantRef grant = sight.grant(from).madeBy(principal);
          HandOver both = ContractReplica.answer(party.backend().handOver(grant, to, line));
          return sight.show(both.ended()) + " & " + sight.show(both.got());
        });
  }

  private static RandomOperation renew(Random random, int grant) {
    String principal = principal(random);
    return new RandomOperation(
        "renew #" + grant + " by " + principal,
        (party, sight) -> sight.show(party.renew(sight.grant(grant).madeBy(principal))));
  }

  private static RandomOperation release(Random random, int grant) {
    boolean withToken = random.nextInt(4) > 0;
    Duration closeFor = random.nextInt(8) == 0 ? HOUR : Duration.ZERO;
    String principal = principal(random);
    return new RandomOperation(
        "release #"
            + grant
            + (withToken ? "" : " without token")
            + " closing "
            + closeFor
            + " by "
            + principal,
        (party, sight) -> {
          GrantRef ref = sight.grant(grant);
          return sight.show(
              party.release(
                  new ReleaseCommand(
                      ref.lock(),
                      ref.claim(),
                      withToken ? Optional.of(ref.token()) : Optional.empty(),
                      closeFor,
                      principal)));
        });
  }

  private static RandomOperation revoke(
      Random random, ClaimHistory track, Optional<Duration> closeFor) {
    LockName lock = track.lock();
    List<Integer> grants = track.reference().grantNumbers();
    Optional<Integer> expected =
        grants.isEmpty() || random.nextBoolean()
            ? Optional.empty()
            : Optional.of(grants.get(grants.size() - 1));
    return new RandomOperation(
        "force release " + expected + " closing " + closeFor,
        (party, sight) ->
            sight.show(
                party.forceRelease(
                    new ForceReleaseCommand(
                        lock, "random", expected.map(sight::token), closeFor))));
  }

  private static Optional<Duration> closing(Random random) {
    return List.of(Optional.<Duration>empty(), Optional.of(Duration.ZERO), Optional.of(HOUR))
        .get(random.nextInt(3));
  }

  private static Claim claim(Random random, ClaimHistory track) {
    List<Claim> claims = track.claims();
    if (claims.isEmpty() || random.nextInt(3) > 0) {
      return newClaim(random, track);
    }
    int recent = Math.min(claims.size(), MOST_CLAIMS_REUSED);
    Claim claim = claims.get(claims.size() - 1 - random.nextInt(recent));
    return random.nextInt(4) > 0 ? claim : TestClaims.madeBy(claim, principal(random));
  }

  /** Draws the maker of most claims, or another. */
  private static String principal(Random random) {
    return random.nextInt(5) > 0 ? "orders" : "billing";
  }

  private static String text(Claim claim) {
    return claim.id().tag() + " of " + claim.claimant().principal();
  }

  private static Claim newClaim(Random random, ClaimHistory track) {
    Claim claim = TestClaims.madeBy(TestClaims.on(track.lock()), principal(random));
    track.claims().add(claim);
    return claim;
  }
}
