package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.store.StoreStarter;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The files of a server with mutual TLS and rules, and of its client: {@code ca.pem}, {@code
 * server.pem}, {@code client.pem} with their keys, and {@code rules}.
 */
final class SecuredAccess implements AutoCloseable {
  private static final String CLIENT = "spiffe://benchmarks/client";

  private final Path folder;

  /** Writes the files. */
  SecuredAccess() {
    TestAuthority authority = TestAuthority.create("Benchmarks CA");
    try {
      folder = Files.createTempDirectory("fencepost-access-");
      Files.writeString(authorities(), authority.certificate());
      Files.writeString(
          folder.resolve("rules"), "version 1\nallow " + CLIENT + " use, list on **\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    authority.issue(Purpose.SERVER, "server", "IP:127.0.0.1").write(folder, "server");
    authority.issue(Purpose.CLIENT, "client", "URI:" + CLIENT).write(folder, "client");
  }

  /** The folder, as {@code ContenderSettings} names it. */
  String credentials() {
    return folder.toString();
  }

  /** The settings of the server. */
  List<String> settings() {
    return List.of(
        "tls.certificate=" + folder.resolve("server.pem"),
        "tls.key=" + folder.resolve("server.key"),
        "tls.client-ca=" + authorities(),
        "rules.file=" + folder.resolve("rules"));
  }

  /** Creates a client of its HTTP address. */
  HttpClient httpClient() {
    try {
      TlsFiles files = new TlsFiles(Optional.empty(), Optional.empty(), Optional.of(authorities()));
      return HttpClient.newBuilder().sslContext(files.load().newContext()).build();
    } catch (TlsFileException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    StoreStarter.deleteFolder(folder);
  }

  private Path authorities() {
    return folder.resolve("ca.pem");
  }
}
