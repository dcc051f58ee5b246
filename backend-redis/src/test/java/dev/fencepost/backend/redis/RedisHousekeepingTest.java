package dev.fencepost.backend.redis;

import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.support.CallDeadlines;
import io.lettuce.core.RedisException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The search for lost state after one that failed. */
final class RedisHousekeepingTest {
  private final AtomicInteger searches = new AtomicInteger();

  @Test
  void searchThatThrows_isRepeated() {
    Replica self = new Replica(ReplicaId.of(1), "127.0.0.1:1", Replica.Phase.SERVING);
    try (CallDeadlines deadlines = new CallDeadlines("test-deadlines", error -> {})) {
      ScriptRunner runner = new UnknownTopology().runner(deadlines);
      try (RedisHousekeeping housekeeping =
          new RedisHousekeeping(runner, new ReplicaRegistry(runner), deadlines, self)) {
        housekeeping.start();
        housekeeping.onRedisConnected(null, new InetSocketAddress(1));

        await("the next search").until(() -> searches.get() > 1);
      }
    }
  }

  private final class UnknownTopology extends BrokenConnections {
    /** Throws, as the library does while it does not know the topology. */
    @Override
    public List<String> masters() {
      searches.incrementAndGet();
      throw new RedisException("the topology is unknown");
    }
  }
}
