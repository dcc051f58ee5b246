package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.OpenOnce;
import java.security.SecureRandom;
import java.util.List;

/**
 * Locks in ZooKeeper 3.6 or later: {@code zookeeper://host:2181,host:2181/path}. All nodes are kept
 * under the path, which is created if it is missing; the default is {@code /fencepost}. Safe for
 * use by many threads.
 *
 * <p>Options: {@code session-timeout} (1 s – 5 min), {@code batch-size} (1–64 locks), {@code
 * in-flight} (1–64 transactions), {@code queue} (100–1,000,000 waiting calls), {@code purge-after}
 * (2 min – 3,650 d), {@code mark-retention} (1 d – 3,650 d), {@code user} and {@code password}
 * (digest), {@code sasl-section}, and {@code tls} with {@code tls-keystore}, {@code
 * tls-keystore-password}, {@code tls-truststore} and {@code tls-truststore-password}. {@code
 * docs/backends/zookeeper.md} explains them.
 */
public final class ZookeeperBackendProvider implements LockBackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public ZookeeperBackendProvider() {}

  @Override
  public List<String> examples() {
    return List.of("zookeeper://host:2181,host:2181,host:2181/fencepost");
  }

  @Override
  public List<String> schemes() {
    return List.of(ZookeeperSettings.SCHEME);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    return new OpenOnce<>(new ZookeeperBackend(ZookeeperSettings.of(settings), new SecureRandom()));
  }

  /** Empty: nodes need no schema. */
  @Override
  public String schema(StoreSettings settings) {
    return "";
  }
}
