package dev.fencepost.cli.console;

import dev.fencepost.lock.tls.BearerFile;
import dev.fencepost.lock.tls.TlsFiles;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds how servers are reached. Each option counts as it stands on the command line, else in the
 * environment, else in the context. A server that is named on the command line or in the
 * environment gets nothing from a context: a credential goes only to the server that it is for.
 */
final class ConnectionReader {
  private final CommandInvocation invocation;
  private final Map<ConnectionOption, String> context;

  ConnectionReader(CommandInvocation invocation) {
    this.invocation = invocation;
    Optional<String> server = given(ConnectionOption.SERVER);
    if (server.isPresent() && invocation.text("--context").isPresent()) {
      throw new UsageException(
          "--context and the server " + server.get() + " are both given; a context has its own");
    }
    this.context = server.isPresent() ? Map.of() : context(invocation);
  }

  ServerConnection read() {
    List<ServerAddress> servers =
        find(ConnectionOption.SERVER)
            .map(ServerAddress::parseList)
            .orElse(List.of(ServerAddress.DEFAULT));
    Optional<Path> authority = find(ConnectionOption.TLS_CA).map(Path::of);
    Optional<Path> certificate = find(ConnectionOption.TLS_CERT).map(Path::of);
    Optional<Path> key = find(ConnectionOption.TLS_KEY).map(Path::of);
    Optional<BearerFile> bearer =
        find(ConnectionOption.TOKEN_FILE).map(Path::of).map(BearerFile::new);
    if (certificate.isPresent() != key.isPresent()) {
      throw new UsageException("--tls-cert and --tls-key are given together");
    }
    if (authority.isEmpty() && certificate.isPresent()) {
      throw new UsageException("--tls-ca is missing: a certificate is shown only over TLS");
    }
    if (authority.isEmpty() && bearer.isPresent() && !servers.stream().allMatch(this::isLocal)) {
      throw new UsageException(
          "--tls-ca is missing: a token is not sent in plain text to another machine");
    }
    return new ServerConnection(
        servers,
        authority.map(file -> new TlsFiles(certificate, key, Optional.of(file))),
        find(ConnectionOption.TLS_SERVER_NAME),
        bearer);
  }

  private static Map<ConnectionOption, String> context(CommandInvocation invocation) {
    CommandConsole console = invocation.console();
    Optional<String> named =
        invocation.text("--context").or(() -> console.variable("FENCEPOST_CONTEXT"));
    if (named.isEmpty()
        && console.variable("XDG_CONFIG_HOME").isEmpty()
        && console.variable("HOME").isEmpty()) {
      return Map.of();
    }
    ContextFile file = ContextFile.read(console);
    return named.or(file::current).map(file::options).orElse(Map.of());
  }

  private Optional<String> find(ConnectionOption option) {
    return given(option).or(() -> Optional.ofNullable(context.get(option)));
  }

  private Optional<String> given(ConnectionOption option) {
    return invocation
        .text(option.flag())
        .or(() -> invocation.console().variable(option.variable()));
  }

  private boolean isLocal(ServerAddress server) {
    try {
      return InetAddress.getByName(server.host()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
