package dev.fencepost.cli.run;

import dev.fencepost.cli.console.ServerConnection;
import dev.fencepost.client.ClientBuilder;
import dev.fencepost.client.ClientTls;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.lock.tls.TlsFiles;
import java.nio.file.Path;
import java.util.Optional;

/** Makes the client of the SDK that renews a grant while a command runs. */
final class RenewalClient {
  private RenewalClient() {}

  /** Begins a client that reaches the servers as the command does. */
  static ClientBuilder builder(ServerConnection connection) {
    ClientBuilder client = FencepostClient.builder(connection.addressList());
    connection.tls().ifPresent(files -> client.tls(tls(files, connection.tlsName())));
    connection.bearer().ifPresent(file -> client.bearerFile(file.file()));
    return client;
  }

  private static ClientTls tls(TlsFiles files, Optional<String> serverName) {
    ClientTls tls = ClientTls.of(files.authorities().orElseThrow());
    Optional<Path> certificate = files.certificate();
    if (certificate.isPresent()) {
      tls = tls.certificate(certificate.get(), files.key().orElseThrow());
    }
    return serverName.map(tls::serverName).orElse(tls);
  }
}
