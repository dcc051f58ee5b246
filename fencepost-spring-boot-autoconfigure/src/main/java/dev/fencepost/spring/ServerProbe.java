package dev.fencepost.spring;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.ServerInfo;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Asks a server who it is, for the health of an application. */
final class ServerProbe {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final FencepostClient client;

  ServerProbe(FencepostClient client) {
    this.client = client;
  }

  /**
   * Returns the server's store and version.
   *
   * @throws Exception if no server answers within 2 s
   */
  Map<String, Object> details() throws Exception {
    ServerInfo info = client.serverInfo().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    return Map.of("store", info.store(), "version", info.version());
  }
}
