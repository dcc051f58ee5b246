package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The entries of the replicas in the store: their heartbeats and the list of the living ones. Safe
 * for use by many threads.
 */
final class ReplicaRegistry {
  private static final StoreInfo.LeaseTerms LEASES =
      new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));
  private static final byte[] NOTHING = new byte[0];

  /** A replica counts as dead when its last heartbeat is older than this. */
  private static final Duration DEAD_AFTER = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);

  private final ScriptRunner runner;

  ReplicaRegistry(ScriptRunner runner) {
    this.runner = runner;
  }

  /** Reads the store's id, which is created if the store has none yet, and the living replicas. */
  CompletionStage<StoreInfo> info() {
    return announce(NOTHING, NOTHING);
  }

  /** Writes a replica's entry, then reads the same as {@link #info()}. */
  CompletionStage<StoreInfo> announce(Replica self) {
    return announce(
        self.id().value().getBytes(StandardCharsets.US_ASCII),
        (self.phase().name() + " " + self.address()).getBytes(StandardCharsets.UTF_8));
  }

  /** Removes a replica's entry. */
  CompletionStage<Boolean> depart(ReplicaId self) {
    byte[] id = self.value().getBytes(StandardCharsets.US_ASCII);
    return runner.sendCommand(
        redis -> redis.hdel(runner.schema().replicas(), id), removed -> removed > 0);
  }

  private CompletionStage<StoreInfo> announce(byte[] replica, byte[] entry) {
    return runner.run(
        LuaScript.ANNOUNCE,
        new ScriptTexts.Arguments(
            new byte[][] {runner.schema().storeId(), runner.schema().replicas()},
            UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII),
            DecimalText.of(DEAD_AFTER.toMillis()),
            replica,
            entry),
        (List<byte[]> replies) -> {
          List<Replica> living = new ArrayList<>();
          replies
              .subList(1, replies.size())
              .forEach(each -> parseEntry(each).ifPresent(living::add));
          String id = new String(replies.get(0), StandardCharsets.US_ASCII);
          return new StoreInfo("redis", id, LEASES, living);
        });
  }

  /** Parses an entry; empty if it has a later version's form or is not a replica's. */
  private static Optional<Replica> parseEntry(byte[] entry) {
    try {
      ReplyParser reply = new ReplyParser(entry);
      ReplicaId id = new ReplicaId(reply.wordUpTo(' '));
      Replica.Phase phase = Replica.Phase.valueOf(reply.wordUpTo(' '));
      return Optional.of(new Replica(id, reply.rest(), phase));
    } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
      LOG.debug("The entry of a replica cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }
}
