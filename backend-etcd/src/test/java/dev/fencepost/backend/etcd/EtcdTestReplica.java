package dev.fencepost.backend.etcd;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.replica.OpenReplica;
import java.time.Duration;
import java.util.Map;

/** An open backend on etcd. */
final class EtcdTestReplica extends OpenReplica<LockBackend> {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);

  EtcdTestReplica(String uri) {
    this(uri, Map.of());
  }

  EtcdTestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  EtcdTestReplica(StoreSettings settings) {
    super(new EtcdBackendProvider().create(settings));
  }
}
