package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.LockName;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to this replica's own channel. A script publishes the key of a lock there when the lock
 * is reserved for this replica. Messages sent while the connection is broken are lost; the periodic
 * re-check of each waiting replica catches up on them.
 */
public final class WakeSubscriber extends RedisPubSubAdapter<byte[], byte[]> {
  private static final Logger LOG = LoggerFactory.getLogger(WakeSubscriber.class);

  private final RedisSchema schema;
  private final Consumer<LockName> wake;

  public WakeSubscriber(RedisSchema schema, Consumer<LockName> wake) {
    this.schema = schema;
    this.wake = wake;
  }

  @Override
  public void message(byte[] channel, byte[] key) {
    try {
      schema.nameIn(key).ifPresent(wake);
    } catch (RuntimeException e) {
      LOG.warn("A notification about a lock could not be delivered", e);
    }
  }
}
