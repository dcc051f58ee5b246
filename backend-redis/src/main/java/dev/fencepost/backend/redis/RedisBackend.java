package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnectionFactory;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.RedisServerCheck;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.RedisStoreUri;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.StoreOpener;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens Redis as a store: connects, checks each master, settles all buckets, subscribes to the
 * replica's channel and registers the replica. Blocks until the store can grant locks.
 */
final class RedisBackend implements StoreOpener.BlockingOpener<RedisStore> {
  private static final Logger LOG = LoggerFactory.getLogger(RedisBackend.class);
  private static final Duration LEAST_SILENCE = Duration.ofSeconds(3);

  private final RedisStoreUri uri;
  private final RedisSettings settings;

  RedisBackend(RedisStoreUri uri, RedisSettings settings) {
    this.uri = uri;
    this.settings = settings;
  }

  /**
   * {@inheritDoc}
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if the store cannot be used
   * @throws StoreException if the store does not answer now
   */
  @Override
  public StoreOpener.OpenedStore<RedisStore> open(Replica self, Consumer<LockName> wake) {
    Duration silence = settings.callTimeout().plusSeconds(1);
    NettyChannels channels =
        new NettyChannels(silence.compareTo(LEAST_SILENCE) < 0 ? LEAST_SILENCE : silence);
    try {
      RedisConnections connections = RedisConnectionFactory.connect(uri, settings, channels);
      RedisStore store = new RedisStore(settings, self, connections, channels);
      try {
        return new StoreOpener.OpenedStore<>(store, start(store, self, wake));
      } catch (RuntimeException e) {
        store.close();
        throw e;
      }
    } catch (RuntimeException e) {
      throw RedisServerCheck.explain(e);
    }
  }

  private StoreInfo start(RedisStore store, Replica self, Consumer<LockName> wake) {
    ScriptRunner runner = store.runner();
    RedisHousekeeping housekeeping = store.housekeeping();
    runner.connections().addListener(housekeeping);
    for (String master : runner.connections().masters()) {
      RedisServerCheck.check(
          uri.kind(), await(store, runner.sendCommandTo(master, redis -> redis.info())));
      await(store, runner.connections().master(master).thenApply(runner.buckets()::loadScripts));
    }
    long quietMillis = await(store, housekeeping.settleAll());
    runner.connections().listener().addListener(new WakeSubscriber(runner.schema(), wake));
    await(
        store,
        runner
            .connections()
            .listener()
            .async()
            .subscribe(runner.schema().channel(self.id()))
            .thenApply(nothing -> true));
    StoreInfo info = await(store, store.registry().announce(self));
    housekeeping.start();
    awaitQuietEnd(quietMillis);
    return info;
  }

  /** Waits, so that a store that was empty or has just started grants as soon as this is open. */
  private static void awaitQuietEnd(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(Failure.STORE_ERROR, "interrupted while opening", e);
    }
  }

  private <T> T await(RedisStore store, CompletionStage<T> stage) {
    try {
      return store
          .deadlines()
          .within(settings.callTimeout(), stage, RedisErrors.CALLS::timeout)
          .join();
    } catch (CompletionException e) {
      Throwable cause = AsyncCalls.cause(e);
      throw cause instanceof RuntimeException known ? known : RedisErrors.of(cause);
    }
  }

  /**
   * Listens to this replica's own channel. A script publishes the key of a lock there when the lock
   * is reserved for this replica. Messages sent while the connection is broken are lost; the
   * periodic re-check of each waiting replica catches up on them.
   */
  private static final class WakeSubscriber extends RedisPubSubAdapter<byte[], byte[]> {
    private final RedisSchema schema;
    private final Consumer<LockName> wake;

    WakeSubscriber(RedisSchema schema, Consumer<LockName> wake) {
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
}
