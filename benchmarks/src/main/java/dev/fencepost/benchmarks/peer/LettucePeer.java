package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.Optional;
import java.util.UUID;

/**
 * SET NX PX, and a script that deletes only the owner's key, over one shared connection. This is
 * the smallest possible lock in Redis. No token; waiters poll.
 */
public final class LettucePeer implements Contender {
  private static final long POLL_MICROS = 1000;
  private static final String DELETE_OWN =
      "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"
          + " return 0";

  private final RedisClient client;
  private final StatefulRedisConnection<String, String> connection;
  private final String script;
  private final SetArgs ifFree;

  /** Connects. */
  public LettucePeer(ContenderSettings settings) {
    String address = settings.address();
    client = RedisClient.create(address.contains("://") ? address : "redis://" + address);
    connection = client.connect();
    script = connection.sync().scriptLoad(DELETE_OWN);
    ifFree = SetArgs.Builder.nx().px(settings.leaseMillis());
  }

  @Override
  public TakenLock acquire(String lock) throws Exception {
    return PollingWait.poll(POLL_MICROS, () -> tryAcquire(lock));
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    String owner = UUID.randomUUID().toString();
    String answer = connection.sync().set(lock, owner, ifFree);
    return "OK".equals(answer) ? Optional.of(() -> release(lock, owner)) : Optional.empty();
  }

  @Override
  public void close() {
    connection.close();
    client.shutdown();
  }

  private void release(String lock, String owner) {
    Long deleted =
        connection.sync().evalsha(script, ScriptOutputType.INTEGER, new String[] {lock}, owner);
    if (deleted != 1) {
      throw new IllegalStateException("not held: " + lock);
    }
  }
}
