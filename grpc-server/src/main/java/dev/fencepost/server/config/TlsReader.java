package dev.fencepost.server.config;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.server.transport.TlsSettings;
import dev.fencepost.server.transport.TlsSettings.ClientAuth;
import dev.fencepost.server.transport.TlsSettings.MinVersion;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads the settings of TLS, and judges the files that they name. */
final class TlsReader {
  private final SettingsReader settings;

  TlsReader(SettingsReader settings) {
    this.settings = settings;
  }

  /** Returns the settings; empty if the server speaks plain text. */
  Optional<TlsSettings> read() {
    MinVersion minVersion = settings.read(ConfigKey.TLS_MIN_VERSION, TlsReader::version);
    PlainText plainText = settings.choice(ConfigKey.TLS_PLAIN_TEXT, PlainText.class);
    Optional<Path> certificate = settings.file(ConfigKey.TLS_CERTIFICATE);
    Optional<Path> key = settings.file(ConfigKey.TLS_KEY);
    Optional<Path> clientCa = settings.file(ConfigKey.TLS_CLIENT_CA);
    ClientAuth clientAuth = clientAuth(clientCa);
    if (certificate.isPresent() != key.isPresent()) {
      requireBoth(certificate.isPresent() ? ConfigKey.TLS_KEY : ConfigKey.TLS_CERTIFICATE);
      return Optional.empty();
    }
    if (certificate.isEmpty()) {
      rejectWithoutTls(clientCa);
      requireLocal(ConfigKey.LISTEN, plainText);
      requireLocal(ConfigKey.HTTP_LISTEN, plainText);
      return Optional.empty();
    }
    TlsFiles own = new TlsFiles(certificate, key, Optional.empty());
    requireUsable(own);
    clientCa.ifPresent(
        file -> requireUsable(new TlsFiles(Optional.empty(), Optional.empty(), clientCa)));
    return Optional.of(
        new TlsSettings(new TlsFiles(certificate, key, clientCa), clientAuth, minVersion));
  }

  /** Where a server may listen without TLS. */
  private enum PlainText {
    LOOPBACK,
    ANYWHERE
  }

  private static MinVersion version(String text) {
    return Arrays.stream(MinVersion.values())
        .filter(each -> each.text().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                InvalidValueException.of(
                    ConfigKey.TLS_MIN_VERSION.text(),
                    text,
                    Arrays.stream(MinVersion.values())
                        .map(MinVersion::text)
                        .collect(Collectors.joining(" or "))));
  }

  private ClientAuth clientAuth(Optional<Path> clientCa) {
    if (settings.text(ConfigKey.TLS_CLIENT_AUTH).isEmpty()) {
      return clientCa.isPresent() ? ClientAuth.REQUIRED : ClientAuth.OFF;
    }
    ClientAuth auth = settings.choice(ConfigKey.TLS_CLIENT_AUTH, ClientAuth.class);
    if (auth != ClientAuth.OFF && clientCa.isEmpty()) {
      settings.reject(
          ConfigKey.TLS_CLIENT_AUTH,
          "off, since " + ConfigKey.TLS_CLIENT_CA.text() + " names no authorities");
      return ClientAuth.OFF;
    }
    return auth;
  }

  private void requireBoth(ConfigKey missing) {
    settings.reject(
        missing,
        "a file; "
            + ConfigKey.TLS_CERTIFICATE.text()
            + " and "
            + ConfigKey.TLS_KEY.text()
            + " are set together");
  }

  private void rejectWithoutTls(Optional<Path> clientCa) {
    if (!settings.text(ConfigKey.PLAIN_LISTEN).equals("off")) {
      settings.reject(
          ConfigKey.PLAIN_LISTEN,
          "off, since " + ConfigKey.LISTEN.text() + " has no TLS: it is plain already");
    }
    if (clientCa.isPresent()) {
      settings.reject(
          ConfigKey.TLS_CLIENT_CA,
          "nothing, since " + ConfigKey.TLS_CERTIFICATE.text() + " is unset");
    }
  }

  private void requireUsable(TlsFiles files) {
    try {
      files.load();
    } catch (TlsFileException e) {
      settings.reject(keyOf(e.file()), "a usable file; " + e.reason());
    }
  }

  private ConfigKey keyOf(Path file) {
    return settings.file(ConfigKey.TLS_KEY).filter(file::equals).isPresent()
        ? ConfigKey.TLS_KEY
        : settings.file(ConfigKey.TLS_CLIENT_CA).filter(file::equals).isPresent()
            ? ConfigKey.TLS_CLIENT_CA
            : ConfigKey.TLS_CERTIFICATE;
  }

  /** Refuses plain text beyond this machine, unless it was asked for by name. */
  private void requireLocal(ConfigKey key, PlainText plainText) {
    if (plainText == PlainText.LOOPBACK && !isLocal(settings.text(key))) {
      settings.reject(
          key,
          "a loopback address, or TLS by "
              + ConfigKey.TLS_CERTIFICATE.text()
              + " and "
              + ConfigKey.TLS_KEY.text()
              + ", or "
              + ConfigKey.TLS_PLAIN_TEXT.text()
              + ": anywhere, with which everybody on the network can read and change all calls");
    }
  }

  /** Returns true also for what is no address or cannot be resolved; others report that. */
  static boolean isLocal(String address) {
    try {
      return InetAddress.getByName(HostPort.parse("listen", address).host()).isLoopbackAddress();
    } catch (InvalidValueException | UnknownHostException e) {
      return true;
    }
  }
}
