package dev.fencepost.backend.redis.lock;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.backend.redis.script.TokenFloors;
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

/** Changes locks, each change by one script. Safe for use by many threads. */
public final class LockWriter {
  private static final byte[] ABSENT = new byte[0];
  private static final byte[] ZERO = {'0'};

  private final ScriptRunner runner;
  private final TokenFloors memory;
  private final RedisSchema schema;

  public LockWriter(ScriptRunner runner) {
    this.runner = runner;
    this.memory = runner.memory();
    this.schema = runner.schema();
  }

  public CompletionStage<Attempt> acquire(Claim claim, QueueIntent intent) {
    int bucket = RedisSchema.bucketOf(claim.lock());
    byte[][] values = new byte[9][];
    fillAcquireValues(values, bucket, claim, intent);
    return runner.run(
        bucket,
        LuaScript.ACQUIRE,
        new ScriptTexts.Arguments(keysOf(bucket, claim.lock()), values),
        (byte[] reply) -> parseAttempt(new ReplyParser(reply), bucket, claim));
  }

  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    if (from.claim().equals(to.id())) {
      throw new IllegalArgumentException("a claim cannot be handed over to itself");
    }
    int bucket = RedisSchema.bucketOf(to.lock());
    byte[][] values = new byte[11][];
    fillAcquireValues(values, bucket, to, intent == QueueIntent.NONE ? QueueIntent.JOIN : intent);
    values[9] = claimText(from.claim());
    values[10] = DecimalText.of(from.token().value(), DecimalText.TOKEN_WIDTH);
    return runner.run(
        bucket,
        LuaScript.HAND_OVER,
        new ScriptTexts.Arguments(keysOf(bucket, to.lock()), values),
        (byte[] reply) -> {
          ReplyParser both = new ReplyParser(reply);
          Release release = parseRelease(to.lock(), both.letter(), Optional.of(from.token()));
          return new HandOver(release, parseAttempt(both, bucket, to));
        });
  }

  public CompletionStage<Release> release(ReleaseCommand command) {
    int bucket = RedisSchema.bucketOf(command.lock());
    byte[] token =
        command.token().map(t -> DecimalText.of(t.value(), DecimalText.TOKEN_WIDTH)).orElse(ABSENT);
    if (!command.closeFor().isZero()) {
      return close(bucket, command, token);
    }
    return runner.run(
        bucket,
        LuaScript.RELEASE,
        new ScriptTexts.Arguments(
            new byte[][] {schema.lock(bucket, command.lock())},
            memory.selfText(),
            claimText(command.claim()),
            token),
        (byte[] reply) -> parseRelease(command.lock(), (char) reply[0], command.token()));
  }

  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    int bucket = RedisSchema.bucketOf(command.lock());
    byte[][] values = new byte[7][];
    memory.fill(values, bucket);
    values[4] =
        command
            .ifToken()
            .map(t -> DecimalText.of(t.value(), DecimalText.TOKEN_WIDTH))
            .orElse(ABSENT);
    values[5] = command.closeFor().map(LockWriter::wholeMillis).orElse(ABSENT);
    values[6] = command.reason().getBytes(StandardCharsets.UTF_8);
    return runner.run(
        bucket,
        LuaScript.FORCE_RELEASE,
        new ScriptTexts.Arguments(keysOf(bucket, command.lock()), values),
        (byte[] reply) -> parseRevocation(new ReplyParser(reply), bucket, command));
  }

  public CompletionStage<Void> leave(LockName lock) {
    int bucket = RedisSchema.bucketOf(lock);
    return runner
        .run(
            bucket,
            LuaScript.LEAVE,
            new ScriptTexts.Arguments(new byte[][] {schema.lock(bucket, lock)}, memory.selfText()),
            (byte[] reply) -> true)
        .thenAccept(left -> {});
  }

  private CompletionStage<Release> close(int bucket, ReleaseCommand command, byte[] token) {
    byte[][] values = new byte[7][];
    memory.fill(values, bucket);
    values[4] = claimText(command.claim());
    values[5] = token;
    values[6] = wholeMillis(command.closeFor());
    return runner.run(
        bucket,
        LuaScript.CLOSE,
        new ScriptTexts.Arguments(keysOf(bucket, command.lock()), values),
        (byte[] text) -> {
          ReplyParser reply = new ReplyParser(text);
          Release release = parseRelease(command.lock(), reply.letter(), command.token());
          if (!reply.isAtEnd()) {
            memory.recordToken(bucket, reply.number(DecimalText.TOKEN_WIDTH));
            memory.recordClosing(bucket, command.closeFor());
          }
          return release;
        });
  }

  private void fillAcquireValues(byte[][] values, int bucket, Claim claim, QueueIntent intent) {
    memory.fill(values, bucket);
    values[4] = claimText(claim.id());
    values[5] = new RedisRecordCodec.Terms(claim.lease(), claim.claimant().mode()).write();
    values[6] = ClaimantCodec.write(claim.claimant());
    values[7] = new byte[] {(byte) intent.name().charAt(0)};
    values[8] = DecimalText.of(claim.lease().whole().toMillis());
  }

  private byte[][] keysOf(int bucket, LockName lock) {
    return schema.stepKeys(bucket, schema.lock(bucket, lock));
  }

  private Attempt parseAttempt(ReplyParser reply, int bucket, Claim claim) {
    char kind = reply.letter();
    if (kind == 'N') {
      long token = reply.number(DecimalText.TOKEN_WIDTH);
      RedisRecordCodec.Terms terms =
          new RedisRecordCodec.Terms(claim.lease(), claim.claimant().mode());
      return recordGrant(
          bucket, claim, new RedisRecordCodec.ExistingGrant(token, terms), Grant.Origin.NEW);
    }
    if (kind == 'S') {
      memory.recordToken(bucket, reply.number(DecimalText.TOKEN_WIDTH));
      return recordGrant(
          bucket, claim, RedisRecordCodec.readExisting(reply), Grant.Origin.EXISTING);
    }
    if (kind == 'U') {
      throw RedisRecordCodec.unreadable(claim.lock());
    }
    RedisRecordCodec.Moment moment = RedisRecordCodec.Moment.read(reply);
    memory.recordToken(bucket, moment.lastToken());
    return new Attempt.Busy(RedisRecordCodec.readState(claim.lock(), moment, reply));
  }

  private Attempt recordGrant(
      int bucket, Claim claim, RedisRecordCodec.ExistingGrant grant, Grant.Origin origin) {
    memory.recordToken(bucket, grant.token());
    memory.recordLease(bucket, grant.terms().lease());
    GrantRef ref = new GrantRef(claim.lock(), claim.id(), new FencingToken(grant.token()));
    return new Attempt.Granted(new Grant(ref, grant.terms().lease(), grant.terms().mode(), origin));
  }

  private Revocation parseRevocation(ReplyParser reply, int bucket, ForceReleaseCommand command) {
    char kind = reply.letter();
    if (kind == 'N') {
      if (!reply.isAtEnd()) {
        memory.recordToken(bucket, reply.number(DecimalText.TOKEN_WIDTH));
        command.closeFor().ifPresent(time -> memory.recordClosing(bucket, time));
      }
      return new Revocation.NotHeld();
    }
    if (kind == 'U') {
      throw RedisRecordCodec.unreadable(command.lock());
    }
    Optional<FencingToken> closing = Optional.empty();
    if (kind == 'R') {
      closing = Optional.of(new FencingToken(reply.number(DecimalText.TOKEN_WIDTH)));
    }
    RedisRecordCodec.Moment moment = RedisRecordCodec.Moment.read(reply);
    memory.recordToken(bucket, moment.lastToken());
    LockState before = RedisRecordCodec.readState(command.lock(), moment, reply);
    Holder holder = before.holder().orElseThrow();
    if (kind == 'M') {
      return new Revocation.TokenMismatch(holder);
    }
    memory.recordClosing(bucket, command.closeFor().orElse(before.freeIn()));
    return new Revocation.Revoked(holder, closing);
  }

  /** Maps a script's letter to the result of a release. */
  private static Release parseRelease(LockName lock, char letter, Optional<FencingToken> token) {
    if (letter == 'U') {
      throw RedisRecordCodec.unreadable(lock);
    }
    if (letter == 'R') {
      return new Release.Released();
    }
    return token.isEmpty() ? new Release.Withdrawn() : new Release.NotHeld(lossReason(letter));
  }

  /** Maps a script's letter to the reason why a grant was lost. */
  static LossReason lossReason(char letter) {
    return switch (letter) {
      case 'V' -> LossReason.REVOKED;
      case 'S' -> LossReason.SUPERSEDED;
      case 'L' -> LossReason.RELEASED;
      default -> LossReason.EXPIRED;
    };
  }

  /** Returns a claim id with a space behind it, so that no id is the prefix of another. */
  static byte[] claimText(ClaimId claim) {
    return (claim.value() + " ").getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns whole milliseconds, rounded up: closings have that unit. */
  private static byte[] wholeMillis(Duration duration) {
    if (duration.isZero()) {
      return ZERO;
    }
    return DecimalText.of(Duration.ofNanos(duration.toNanos() + 999_999).toMillis());
  }
}
