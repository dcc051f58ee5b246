package dev.fencepost.cli.console;

import dev.fencepost.lock.tls.BearerFile;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * How a command reaches the servers.
 *
 * @param servers the servers, in the order in which they are called
 * @param tls files for TLS; empty for plain text
 * @param tlsName the name that the certificates must have; empty: the host of each server
 * @param bearer file with a token; empty if none is sent
 */
public record ServerConnection(
    List<ServerAddress> servers,
    Optional<TlsFiles> tls,
    Optional<String> tlsName,
    Optional<BearerFile> bearer) {

  /**
   * Reads the files for TLS; empty for plain text.
   *
   * @throws UsageException if they cannot be used
   */
  public Optional<SSLContext> newContext() {
    try {
      return tls.isEmpty() ? Optional.empty() : Optional.of(tls.get().load().newContext());
    } catch (TlsFileException e) {
      throw new UsageException("TLS: " + e.getMessage());
    }
  }

  /** All servers, in the form that {@code --server} takes. */
  public String addressList() {
    return String.join(",", servers.stream().map(ServerAddress::toString).toList());
  }

  /** The variables by which another command reaches the same servers in the same way. */
  public Map<String, String> variables() {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put(ConnectionOption.SERVER.variable(), addressList());
    tls.ifPresent(
        files -> {
          put(variables, ConnectionOption.TLS_CA, files.authorities());
          put(variables, ConnectionOption.TLS_CERT, files.certificate());
          put(variables, ConnectionOption.TLS_KEY, files.key());
        });
    tlsName.ifPresent(name -> variables.put(ConnectionOption.TLS_SERVER_NAME.variable(), name));
    return variables;
  }

  private static void put(
      Map<String, String> variables, ConnectionOption option, Optional<Path> file) {
    file.ifPresent(path -> variables.put(option.variable(), path.toAbsolutePath().toString()));
  }
}
