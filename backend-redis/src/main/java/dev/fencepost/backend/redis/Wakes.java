package dev.fencepost.backend.redis;

import dev.fencepost.lock.LockName;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to this replica's own channel, on which a script tells the key of a lock whose turn has
 * come here. What is told while the connection is broken is lost, and found by the re-check that
 * every waiting replica makes.
 */
final class Wakes extends RedisPubSubAdapter<byte[], byte[]> {
  private static final Logger LOG = LoggerFactory.getLogger(Wakes.class);

  private final Keys keys;
  private final Consumer<LockName> wake;

  Wakes(Keys keys, Consumer<LockName> wake) {
    this.keys = keys;
    this.wake = wake;
  }

  @Override
  public void message(byte[] channel, byte[] key) {
    try {
      keys.nameIn(key).ifPresent(wake);
    } catch (RuntimeException e) {
      LOG.warn("A turn could not be delivered", e);
    }
  }
}
