package dev.fencepost.backend.redis;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What changes one lock, each by one script. Safe for use by many threads. */
final class Locks {
  private static final byte[] NOTHING = new byte[0];
  private static final byte[] ZERO = {'0'};

  private final Store store;
  private final Seen seen;
  private final Keys keys;

  Locks(Store store) {
    this.store = store;
    this.seen = store.seen();
    this.keys = store.keys();
  }

  CompletionStage<Attempt> acquire(Claim claim, QueueIntent line) {
    int bucket = Keys.bucketOf(claim.lock());
    byte[][] values = new byte[9][];
    fill(values, bucket, claim, line);
    return store.acquire(
        bucket,
        Script.ACQUIRE,
        new Scripts.Arguments(keysOf(bucket, claim.lock()), values),
        reply -> attempt(new Reply(reply), bucket, claim));
  }

  CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    if (from.claim().equals(to.id())) {
      throw new IllegalArgumentException("a claim cannot be handed over to itself");
    }
    int bucket = Keys.bucketOf(to.lock());
    byte[][] values = new byte[11][];
    fill(values, bucket, to, line == QueueIntent.NONE ? QueueIntent.JOIN : line);
    values[9] = claimText(from.claim());
    values[10] = Digits.of(from.token().value(), Digits.TOKEN);
    return store.change(
        bucket,
        Script.HAND_OVER,
        new Scripts.Arguments(keysOf(bucket, to.lock()), values),
        reply -> {
          Reply both = new Reply(reply);
          Release ended = ended(to.lock(), both.letter(), Optional.of(from.token()));
          return new HandOver(ended, attempt(both, bucket, to));
        });
  }

  CompletionStage<Release> release(ReleaseCommand order) {
    int bucket = Keys.bucketOf(order.lock());
    byte[] token = order.token().map(t -> Digits.of(t.value(), Digits.TOKEN)).orElse(NOTHING);
    if (!order.closeFor().isZero()) {
      return close(bucket, order, token);
    }
    return store.change(
        bucket,
        Script.RELEASE,
        new Scripts.Arguments(
            new byte[][] {keys.lock(bucket, order.lock())},
            seen.selfText(),
            claimText(order.claim()),
            token),
        reply -> ended(order.lock(), (char) reply[0], order.token()));
  }

  CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    int bucket = Keys.bucketOf(order.lock());
    byte[][] values = new byte[7][];
    seen.fill(values, bucket);
    values[4] = order.ifToken().map(t -> Digits.of(t.value(), Digits.TOKEN)).orElse(NOTHING);
    values[5] = order.closeFor().map(Locks::millis).orElse(NOTHING);
    values[6] = order.reason().getBytes(StandardCharsets.UTF_8);
    return store.change(
        bucket,
        Script.FORCE_RELEASE,
        new Scripts.Arguments(keysOf(bucket, order.lock()), values),
        reply -> revocation(new Reply(reply), bucket, order));
  }

  CompletionStage<Void> leave(LockName lock) {
    int bucket = Keys.bucketOf(lock);
    return store
        .change(
            bucket,
            Script.LEAVE,
            new Scripts.Arguments(new byte[][] {keys.lock(bucket, lock)}, seen.selfText()),
            reply -> true)
        .thenAccept(left -> {});
  }

  private CompletionStage<Release> close(int bucket, ReleaseCommand order, byte[] token) {
    byte[][] values = new byte[7][];
    seen.fill(values, bucket);
    values[4] = claimText(order.claim());
    values[5] = token;
    values[6] = millis(order.closeFor());
    return store.change(
        bucket,
        Script.CLOSE,
        new Scripts.Arguments(keysOf(bucket, order.lock()), values),
        text -> {
          Reply reply = new Reply(text);
          Release ended = ended(order.lock(), reply.letter(), order.token());
          if (!reply.isAtEnd()) {
            seen.token(bucket, reply.number(Digits.TOKEN));
            seen.closing(bucket, order.closeFor());
          }
          return ended;
        });
  }

  private void fill(byte[][] values, int bucket, Claim claim, QueueIntent line) {
    seen.fill(values, bucket);
    values[4] = claimText(claim.id());
    values[5] = new Stored.Terms(claim.lease(), claim.claimant().mode()).write();
    values[6] = ClaimantText.write(claim.claimant());
    values[7] = new byte[] {(byte) line.name().charAt(0)};
    values[8] = Digits.of(claim.lease().whole().toMillis());
  }

  private byte[][] keysOf(int bucket, LockName lock) {
    return keys.step(bucket, keys.lock(bucket, lock));
  }

  private Attempt attempt(Reply reply, int bucket, Claim claim) {
    char kind = reply.letter();
    if (kind == 'N') {
      long token = reply.number(Digits.TOKEN);
      Stored.Terms terms = new Stored.Terms(claim.lease(), claim.claimant().mode());
      return granted(bucket, claim, new Stored.Standings(token, terms), Grant.Origin.NEW);
    }
    if (kind == 'S') {
      seen.token(bucket, reply.number(Digits.TOKEN));
      return granted(bucket, claim, Stored.standing(reply), Grant.Origin.EXISTING);
    }
    if (kind == 'U') {
      throw Stored.unreadable(claim.lock());
    }
    Stored.Moment moment = Stored.Moment.read(reply);
    seen.token(bucket, moment.lastToken());
    return new Attempt.Busy(Stored.state(claim.lock(), moment, reply));
  }

  private Attempt granted(int bucket, Claim claim, Stored.Standings standing, Grant.Origin origin) {
    seen.token(bucket, standing.token());
    seen.lease(bucket, standing.terms().lease());
    GrantRef ref = new GrantRef(claim.lock(), claim.id(), new FencingToken(standing.token()));
    return new Attempt.Granted(
        new Grant(ref, standing.terms().lease(), standing.terms().mode(), origin));
  }

  private Revocation revocation(Reply reply, int bucket, ForceReleaseCommand order) {
    char kind = reply.letter();
    if (kind == 'N') {
      if (!reply.isAtEnd()) {
        seen.token(bucket, reply.number(Digits.TOKEN));
        order.closeFor().ifPresent(time -> seen.closing(bucket, time));
      }
      return new Revocation.NotHeld();
    }
    if (kind == 'U') {
      throw Stored.unreadable(order.lock());
    }
    Optional<FencingToken> closing = Optional.empty();
    if (kind == 'R') {
      closing = Optional.of(new FencingToken(reply.number(Digits.TOKEN)));
    }
    Stored.Moment moment = Stored.Moment.read(reply);
    seen.token(bucket, moment.lastToken());
    LockState before = Stored.state(order.lock(), moment, reply);
    Holder holder = before.holder().orElseThrow();
    if (kind == 'M') {
      return new Revocation.TokenMismatch(holder);
    }
    seen.closing(bucket, order.closeFor().orElse(before.freeIn()));
    return new Revocation.Revoked(holder, closing);
  }

  /** What a script's letter says of the end of a grant. */
  private static Release ended(LockName lock, char letter, Optional<FencingToken> token) {
    if (letter == 'U') {
      throw Stored.unreadable(lock);
    }
    if (letter == 'R') {
      return new Release.Released();
    }
    return token.isEmpty() ? new Release.Withdrawn() : new Release.NotHeld(reason(letter));
  }

  /** What a script's letter says of the loss of a grant. */
  static LossReason reason(char letter) {
    return switch (letter) {
      case 'V' -> LossReason.REVOKED;
      case 'S' -> LossReason.SUPERSEDED;
      case 'L' -> LossReason.RELEASED;
      default -> LossReason.EXPIRED;
    };
  }

  /** A claim id with a space behind it, so that none is the beginning of another. */
  static byte[] claimText(ClaimId claim) {
    return (claim.value() + " ").getBytes(StandardCharsets.US_ASCII);
  }

  /** Whole milliseconds, rounded up, as closings are kept. */
  private static byte[] millis(Duration duration) {
    if (duration.isZero()) {
      return ZERO;
    }
    return Digits.of(Duration.ofNanos(duration.toNanos() + 999_999).toMillis());
  }
}
