package dev.fencepost.backend.redis;

import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.TimeoutSweeper;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import io.lettuce.core.RedisException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The search for lost state after one that failed. */
final class RedisHousekeepingTest {
  private final AtomicInteger searches = new AtomicInteger();

  @Test
  void searchThatThrows_isRepeated() {
    TimeoutSweeper timeouts = new TimeoutSweeper(TestReplica.CALL_TIMEOUT);
    ScriptRunner runner = BrokenConnections.runner(timeouts, this::mastersOfUnknownTopology);
    Replica self = new Replica(ReplicaId.of(1), "127.0.0.1:1", Replica.Phase.SERVING);
    try (RedisHousekeeping housekeeping =
        new RedisHousekeeping(runner, new ReplicaRegistry(runner), timeouts, self)) {
      housekeeping.startHeartbeat();
      housekeeping.invalidateBuckets();
      housekeeping.settleSoon();

      await("the next search").until(() -> searches.get() > 1);
    }
  }

  /** Throws, as the library does while it does not know the topology. */
  private List<String> mastersOfUnknownTopology() {
    searches.incrementAndGet();
    throw new RedisException("the topology is unknown");
  }
}
