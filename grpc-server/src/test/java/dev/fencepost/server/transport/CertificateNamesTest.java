package dev.fencepost.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;

class CertificateNamesTest {
  @Test
  void names_areThoseOfHostsAndAddresses() throws CertificateException {
    CertificateNames names =
        names("DNS:Locks.internal", "DNS:*.replicas.internal", "IP:10.0.0.7", "URI:spiffe://a/b");

    assertThat(names.contains("locks.INTERNAL")).isTrue();
    assertThat(names.contains("one.replicas.internal")).isTrue();
    assertThat(names.contains("10.0.0.7")).isTrue();
    assertThat(names.contains("one.two.replicas.internal")).isFalse();
    assertThat(names.contains("internal")).isFalse();
    assertThat(names.contains("spiffe://a/b")).isFalse();
  }

  @Test
  void commonName_isNoName() throws CertificateException {
    assertThat(names().contains("locks")).isFalse();
  }

  private static CertificateNames names(String... names) throws CertificateException {
    String pem = TestAuthority.create("a").issue(Purpose.SERVER, "locks", names).certificate();
    return CertificateNames.of(
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
  }
}
