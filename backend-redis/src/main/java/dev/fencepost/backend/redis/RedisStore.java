package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.lock.FenceMarks;
import dev.fencepost.backend.redis.lock.LockLister;
import dev.fencepost.backend.redis.lock.LockReader;
import dev.fencepost.backend.redis.lock.LockWriter;
import dev.fencepost.backend.redis.lock.RenewalBatcher;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
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
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Redis as a store that is open: its connections, and the readers and writers that use them. Stages
 * complete on the client library's network threads, so a callback that blocks delays all other
 * calls.
 */
final class RedisStore implements LockStore {
  private static final Logger LOG = LoggerFactory.getLogger(RedisStore.class);

  private final CallDeadlines deadlines;
  private final ScriptRunner runner;
  private final LockWriter writer;
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
    this.writer = new LockWriter(runner);
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
    return housekeeping.announce(self).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return writer.acquire(claim, intent);
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return writer.handOver(from, to, intent);
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return renewals.renew(grant);
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return writer.release(command);
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return writer.forceRelease(command);
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return writer.leave(lock);
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
}
