package dev.fencepost.lock.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The options for TLS and login that all stores have. */
class StoreOptionsOfTlsTest {
  @TempDir Path folder;

  @Test
  void withoutOptions_thereIsNeitherTlsNorLogin() {
    assertThat(StoreTls.read(options(Map.of()))).isEmpty();
    StoreLogin login = StoreLogin.read(options(Map.of()));
    assertThat(login.hasPassword()).isFalse();
    assertThat(login.currentPassword()).isEmpty();
    assertThat(login.user()).isEmpty();
  }

  @Test
  void eachOption_asksForTls() throws IOException {
    String file = Files.createFile(folder.resolve("file.pem")).toString();
    assertThat(StoreTls.read(options(Map.of("tls", "true")))).isPresent();
    assertThat(StoreTls.read(options(Map.of("tls-ca", file))).orElseThrow().files().authorities())
        .contains(Path.of(file));
    assertThat(StoreTls.read(options(Map.of("tls-certificate", file, "tls-key", file))))
        .isPresent();
    assertThat(
            StoreTls.read(options(Map.of("tls-server-name", "store.internal")))
                .flatMap(StoreTls::serverName))
        .contains("store.internal");
  }

  @Test
  void optionsThatDoNotFit_areRefusedByName() throws IOException {
    String file = Files.createFile(folder.resolve("own.pem")).toString();
    assertRefused(() -> StoreTls.read(options(Map.of("tls-certificate", file))), "tls-key");
    assertRefused(() -> StoreTls.read(options(Map.of("tls-ca", "none.pem"))), "tls-ca");
    assertRefused(
        () -> StoreTls.read(options(Map.of("tls-server-name", "a b"))), "tls-server-name");
  }

  @Test
  void fileWithoutContent_isRefusedByOptionAndFile() throws IOException {
    String empty = Files.createFile(folder.resolve("empty.pem")).toString();
    assertRefused(
        () -> StoreTls.read(options(Map.of("tls-ca", empty))).orElseThrow().load(),
        "store option tls-ca: " + empty + ": it has no certificate");
    assertRefused(
        () ->
            StoreTls.read(options(Map.of("tls-certificate", empty, "tls-key", empty)))
                .orElseThrow()
                .watch(),
        "store option tls-certificate: " + empty);
  }

  @Test
  void failures_nameTheOptionToLookAt() {
    assertThat(explanation(new CertPathBuilderException("no path")))
        .contains("no authority")
        .endsWith("(store option tls-ca)");
    assertThat(explanation(new CertificateException("No subject alternative DNS name matching x")))
        .contains("another name")
        .endsWith("(store option tls-server-name)");
    assertThat(explanation(new SSLHandshakeException("Received fatal alert: bad_certificate")))
        .endsWith("(store options tls-certificate and tls-key)");
    assertThat(explanation(new SSLHandshakeException("Received fatal alert: protocol_version")))
        .endsWith("(store option tls)");
    assertThat(StoreTls.explain(new IOException("broken pipe"))).isEmpty();
  }

  @Test
  void passwordFile_isReadAtEachLogin() throws IOException {
    Path file = Files.writeString(folder.resolve("password"), "first one\r\n");
    StoreLogin login =
        StoreLogin.read(options(Map.of("user", "app", "password-file", file.toString())));
    assertThat(login.currentPassword()).contains("first one");
    Files.writeString(file, "zweites-ß");
    assertThat(login.currentPassword()).contains("zweites-ß");
    Files.delete(file);
    assertThatThrownBy(login::currentPassword)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("password-file");
  }

  @Test
  void passwordsThatCannotBeUsed_areRefusedByName() throws IOException {
    Path file = Files.writeString(folder.resolve("lines"), "one\ntwo\n");
    Map<String, String> lines = Map.of("password-file", file.toString());
    assertRefused(() -> StoreLogin.read(options(lines)), "password-file");
    Map<String, String> both = Map.of("password-file", file.toString(), "password", "secret");
    assertRefused(() -> StoreLogin.read(options(both)), "password and password-file");
    Path empty = Files.createFile(folder.resolve("empty"));
    Map<String, String> none = Map.of("password-file", empty.toString());
    assertRefused(() -> StoreLogin.read(options(none)), "password-file");
  }

  @Test
  void login_neverShowsItsPassword() {
    StoreLogin login = new StoreLogin(Optional.of("app"), Optional.of("secret"), Optional.empty());
    assertThat(login.toString()).contains("app").doesNotContain("secret");
  }

  private static String explanation(Exception cause) {
    return StoreTls.explain(new IOException("no connection", cause)).orElseThrow();
  }

  private static void assertRefused(ThrowingCallable reading, String name) {
    assertThatThrownBy(reading)
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining(name)
        .hasMessageNotContaining("secret");
  }

  private static StoreOptions options(Map<String, String> options) {
    return new StoreOptions(new StoreSettings("any://store", Duration.ofSeconds(1), options));
  }
}
