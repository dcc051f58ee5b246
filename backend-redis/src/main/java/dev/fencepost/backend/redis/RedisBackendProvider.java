package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.RedisStoreUri;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.OpenOnce;
import dev.fencepost.lock.spi.support.StoreOpener;
import java.util.Arrays;
import java.util.List;

/**
 * Locks in Redis 7.0 or later, or Valkey: one server ({@code redis://…}), the master that sentinels
 * name ({@code redis-sentinel://…}), or a cluster ({@code redis-cluster://…}); with an {@code s}
 * behind {@code redis} over TLS. Safe for use by many threads.
 *
 * <p>Options: {@code key-prefix} (1–64 of {@code [A-Za-z0-9_.-]}), {@code in-flight} (256–100,000
 * calls), {@code queue} (100–1,000,000 waiting calls), {@code mark-retention} (1 d – 3,650 d),
 * {@code user}, {@code password}, {@code password-file}, {@code sentinel-password}, {@code tls},
 * {@code tls-ca}, {@code tls-certificate}, {@code tls-key} (PEM) and {@code tls-server-name}.
 * {@code docs/backends/redis.md} explains them.
 */
public final class RedisBackendProvider implements LockBackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public RedisBackendProvider() {}

  @Override
  public List<String> examples() {
    return Arrays.stream(RedisStoreUri.Kind.values()).map(RedisStoreUri::example).toList();
  }

  @Override
  public List<String> schemes() {
    return RedisStoreUri.schemes();
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    RedisSettings checked = RedisSettings.of(settings);
    return new OpenOnce<>(
        StoreOpener.onThread(
            "fencepost-redis-open",
            new RedisBackend(RedisStoreUri.of(settings.uri(), checked), checked)));
  }

  /** Redis has no schema. */
  @Override
  public String schema(StoreSettings settings) {
    return "";
  }
}
