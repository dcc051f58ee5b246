package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.CallDeadlines;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Redis as a store that is open. Each change of a lock is one script. Stages complete on the client
 * library's network threads, so a callback that blocks delays all other calls. Safe for use by many
 * threads.
 */
final class RedisStore implements LockStore {
  private static final Logger LOG = LoggerFactory.getLogger(RedisStore.class);
  private static final byte[] ABSENT = new byte[0];
  private static final byte[] ZERO = {'0'};

  private final CallDeadlines deadlines;
  private final ScriptRunner runner;
  private final TokenFloors memory;
  private final RedisSchema schema;
  private final RenewalBatcher renewals;
  private final LockReader reader;
  private final FenceMarks marks;
  private final ReplicaRegistry registry;
  private final RedisHousekeeping housekeeping;

  RedisStore(
      RedisSettings settings, Replica self, RedisConnections connections, NettyChannels channels) {
    this.deadlines =
        new CallDeadlines(
            "fencepost-redis-deadlines",
            error -> LOG.error("The periodic work of this replica failed", error));
    this.runner =
        new ScriptRunner(
            connections, settings, new TokenFloors(self.id()), deadlines, channels::reconnectAll);
    this.memory = runner.memory();
    this.schema = runner.schema();
    this.renewals = new RenewalBatcher(runner, deadlines, settings.queue());
    this.reader = new LockReader(runner);
    this.marks = new FenceMarks(runner, settings.markRetention());
    this.registry = new ReplicaRegistry(runner);
    this.housekeeping = new RedisHousekeeping(runner, registry, deadlines, self);
  }

  CallDeadlines deadlines() {
    return deadlines;
  }

  ScriptRunner runner() {
    return runner;
  }

  ReplicaRegistry registry() {
    return registry;
  }

  RedisHousekeeping housekeeping() {
    return housekeeping;
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return housekeeping.announce(self);
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    int bucket = RedisSchema.bucketOf(claim.lock());
    return runner.runStep(
        bucket,
        LuaScript.ACQUIRE,
        schema.lock(bucket, claim.lock()),
        reply -> parseAttempt(reply, bucket, claim),
        RedisRecordCodec.claimText(claim.id()),
        termsOf(claim).write(),
        RedisRecordCodec.writeClaimant(claim.claimant()),
        letter(intent),
        wholeLease(claim));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    if (from.claim().equals(to.id())) {
      throw new IllegalArgumentException("a claim cannot be handed over to itself");
    }
    if (!from.lock().equals(to.lock())) {
      throw new IllegalArgumentException("a grant cannot be handed over to another lock's claim");
    }
    int bucket = RedisSchema.bucketOf(to.lock());
    return runner.runStep(
        bucket,
        LuaScript.HAND_OVER,
        schema.lock(bucket, to.lock()),
        reply -> {
          Release release = parseRelease(to.lock(), reply, Optional.of(from.token()));
          return new HandOver(release, parseAttempt(reply, bucket, to));
        },
        RedisRecordCodec.claimText(to.id()),
        termsOf(to).write(),
        RedisRecordCodec.writeClaimant(to.claimant()),
        letter(intent == QueueIntent.NONE ? QueueIntent.JOIN : intent),
        wholeLease(to),
        RedisRecordCodec.claimText(from.claim()),
        DecimalText.ofToken(from.token().value()),
        RedisRecordCodec.principalText(from.principal()));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return renewals.renew(grant);
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    int bucket = RedisSchema.bucketOf(command.lock());
    byte[] key = schema.lock(bucket, command.lock());
    byte[] claim = RedisRecordCodec.claimText(command.claim());
    byte[] token = tokenText(command.token());
    byte[] principal = RedisRecordCodec.principalText(command.principal());
    if (command.closeFor().isZero()) {
      return runner.run(
          bucket,
          LuaScript.RELEASE,
          new ScriptTexts.Arguments(new byte[][] {key}, memory.selfText(), claim, token, principal),
          (byte[] reply) -> parseRelease(command.lock(), new ReplyParser(reply), command.token()));
    }
    return runner.runStep(
        bucket,
        LuaScript.CLOSE,
        key,
        reply -> {
          Release release = parseRelease(command.lock(), reply, command.token());
          if (!reply.isAtEnd()) {
            memory.recordToken(bucket, reply.token());
            memory.recordClosing(bucket, command.closeFor());
          }
          return release;
        },
        claim,
        token,
        wholeMillis(command.closeFor()),
        principal);
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    int bucket = RedisSchema.bucketOf(command.lock());
    return runner.runStep(
        bucket,
        LuaScript.FORCE_RELEASE,
        schema.lock(bucket, command.lock()),
        reply -> parseRevocation(reply, bucket, command),
        tokenText(command.ifToken()),
        command.closeFor().map(RedisStore::wholeMillis).orElse(ABSENT),
        command.reason().getBytes(StandardCharsets.UTF_8));
  }

  @Override
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

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return reader.describe(List.copyOf(locks));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return LockLister.read(runner, reader, query);
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return marks.advance(resource, token);
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return marks.reset(resource);
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return registry.info();
  }

  @Override
  public void close() {
    housekeeping.close();
    runner.close();
    renewals.close();
    deadlines.close();
    runner.connections().close();
  }

  private Attempt parseAttempt(ReplyParser reply, int bucket, Claim claim) {
    char kind = reply.letter();
    if (kind == 'N') {
      return recordGrant(
          bucket,
          claim,
          new RedisRecordCodec.ExistingGrant(reply.token(), termsOf(claim)),
          Grant.Origin.NEW);
    }
    if (kind == 'S') {
      memory.recordToken(bucket, reply.token());
      return recordGrant(
          bucket, claim, RedisRecordCodec.readExisting(reply), Grant.Origin.EXISTING);
    }
    if (kind == 'O') {
      return new Attempt.ForeignClaim(RedisRecordCodec.readMaker(reply));
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
    GrantRef ref =
        new GrantRef(
            claim.lock(),
            claim.id(),
            new FencingToken(grant.token()),
            claim.claimant().principal());
    return new Attempt.Granted(new Grant(ref, grant.terms().lease(), grant.terms().mode(), origin));
  }

  private Revocation parseRevocation(ReplyParser reply, int bucket, ForceReleaseCommand command) {
    char kind = reply.letter();
    if (kind == 'N') {
      if (!reply.isAtEnd()) {
        memory.recordToken(bucket, reply.token());
        command.closeFor().ifPresent(time -> memory.recordClosing(bucket, time));
      }
      return new Revocation.NotHeld();
    }
    if (kind == 'U') {
      throw RedisRecordCodec.unreadable(command.lock());
    }
    Optional<FencingToken> closing = Optional.empty();
    if (kind == 'R') {
      closing = Optional.of(new FencingToken(reply.token()));
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

  /** Reads a script's letter, and what belongs to it, as the result of a release. */
  private static Release parseRelease(
      LockName lock, ReplyParser reply, Optional<FencingToken> token) {
    char letter = reply.letter();
    if (letter == 'O') {
      return new Release.ForeignRelease(RedisRecordCodec.readMaker(reply));
    }
    if (letter == 'U') {
      throw RedisRecordCodec.unreadable(lock);
    }
    if (letter == 'R') {
      return new Release.Released();
    }
    return token.isEmpty()
        ? new Release.Withdrawn()
        : new Release.NotHeld(RedisRecordCodec.lossReason(letter));
  }

  private static RedisRecordCodec.Terms termsOf(Claim claim) {
    return new RedisRecordCodec.Terms(claim.lease(), claim.claimant().mode());
  }

  private static byte[] letter(QueueIntent intent) {
    return new byte[] {(byte) intent.name().charAt(0)};
  }

  private static byte[] wholeLease(Claim claim) {
    return DecimalText.of(claim.lease().whole().toMillis());
  }

  private static byte[] tokenText(Optional<FencingToken> token) {
    return token.map(each -> DecimalText.ofToken(each.value())).orElse(ABSENT);
  }

  /** Returns whole milliseconds, rounded up: closings have that unit. */
  private static byte[] wholeMillis(Duration duration) {
    if (duration.isZero()) {
      return ZERO;
    }
    return DecimalText.of(Duration.ofNanos(duration.toNanos() + 999_999).toMillis());
  }
}
