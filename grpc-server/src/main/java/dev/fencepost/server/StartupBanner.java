package dev.fencepost.server;

import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.config.SecretMask;
import dev.fencepost.server.config.ServerConfig;
import java.nio.file.Path;

/** Text that a server prints when it has started. */
final class StartupBanner {
  private static final HostPort DEFAULT_ADDRESS = new HostPort("127.0.0.1", 7420);

  private StartupBanner() {}

  static String of(ServerConfig config, FencepostServer server) {
    HostPort grpc = server.address();
    String http =
        server
            .httpAddress()
            .map(
                address ->
                    (config.tls().isPresent() ? "https://" : "http://")
                        + address
                        + "/metrics  /livez  /readyz")
            .orElse("off");
    String to = grpc.equals(DEFAULT_ADDRESS) ? "" : "--server " + grpc + " ";
    if (config.tls().isPresent()) {
      // The name in the certificate, by which clients reach it.
      to = "--server " + config.endpoints().advertise().orElse(grpc) + " --tls-ca CA.pem ";
    }
    return String.join(
        System.lineSeparator(),
        "Fencepost " + ServerVersion.current(),
        "  gRPC     " + grpc + (config.tls().isPresent() ? "  (TLS)" : ""),
        "  HTTP     " + http,
        "  store    " + store(config) + notReady(server),
        "  try      fencepost " + to + "acquire my-lock",
        "  stop     Ctrl-C; locks that are held stay held until their leases end");
  }

  private static String store(ServerConfig config) {
    String uri = config.store().uri();
    String where = uri.contains(":./") ? "  (in " + Path.of("").toAbsolutePath() + ")" : "";
    return SecretMask.mask(uri) + where;
  }

  private static String notReady(FencepostServer server) {
    return server.obstacle().map(why -> "  (" + why + ": retrying)").orElse("");
  }
}
