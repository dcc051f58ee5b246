package dev.fencepost.server.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.transport.TransportIdentity;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CallerAuthenticatorTest {
  private static final StaticToken TOKEN = StaticToken.create("orders", new SecureRandom());
  private static final StaticToken OLD = StaticToken.create("orders", new SecureRandom());
  private static final String TOKENS =
      "# tokens\n" + TOKEN.line() + " until 2999-01-01T00:00:00Z\n" + OLD.line() + "\n";
  private static final List<CertificateName> ORDER = List.of(CertificateName.values());
  private static TestAuthority authority;

  @BeforeAll
  static void createAuthority() {
    authority = TestAuthority.create("authority");
  }

  private static X509Certificate certificate(String commonName, String... names) {
    TestCertificate issued = authority.issue(Purpose.CLIENT, commonName, names);
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(issued.certificate().getBytes(StandardCharsets.UTF_8)));
    } catch (CertificateException e) {
      throw new IllegalStateException(e);
    }
  }

  private static AccessRules rules(String lines) {
    return AccessRules.of(
        RulesParser.parse(("version 1\n" + lines).getBytes(StandardCharsets.UTF_8)));
  }

  private static CallerAuthenticator authenticator(String rules, boolean anonymous) {
    return new CallerAuthenticator(
        new CertificatePrincipals(ORDER, Set.of()),
        TokensFile.parse(TOKENS.getBytes(StandardCharsets.UTF_8)),
        JwtKeys.NONE,
        rules(rules),
        anonymous);
  }

  private static TransportIdentity tls(X509Certificate... chain) {
    return new TransportIdentity(List.of(chain), true, false);
  }

  private static CallerPrincipal byToken(StaticToken token, TransportIdentity transport) {
    return authenticator("", false)
        .authenticate(shown(List.of("Bearer " + token.text()), transport));
  }

  private static CallCredentials shown(List<String> authorization, TransportIdentity transport) {
    return new CallCredentials(authorization, transport, "", Optional.empty());
  }

  private static void assertRefused(
      CallerAuthenticator authenticator,
      List<String> authorization,
      TransportIdentity transport,
      Fault fault) {
    assertThatThrownBy(() -> authenticator.authenticate(shown(authorization, transport)))
        .isInstanceOfSatisfying(
            CredentialException.class, e -> assertThat(e.fault()).isEqualTo(fault))
        .hasMessageStartingWith(fault + ": ")
        .hasMessageNotContaining("fpt_");
  }

  @Test
  void severalTokensOfOneName_areOnePrincipal() {
    assertThat(byToken(TOKEN, tls()).name()).isEqualTo("token:orders");
    assertThat(byToken(OLD, tls()).name()).isEqualTo("token:orders");
    assertThat(byToken(TOKEN, tls()).isExpiredAt(Instant.parse("2999-01-01T00:00:00Z"))).isTrue();
    assertThat(byToken(TOKEN, tls()).isExpiredAt(Instant.parse("2998-12-31T23:59:59Z"))).isFalse();
    assertThat(byToken(OLD, tls()).isExpiredAt(Instant.parse("2999-01-01T00:00:00Z"))).isFalse();
  }

  @Test
  void token_hasPrecedence_andABadOneIsNeverReplacedByTheCertificate() {
    TransportIdentity carrier = tls(certificate("billing", "URI:spiffe://prod/billing"));

    assertThat(byToken(TOKEN, carrier).name()).isEqualTo("token:orders");
    assertRefused(
        authenticator("", true), List.of("Bearer fpt_nonsense"), carrier, Fault.BAD_CREDENTIAL);
    assertRefused(authenticator("", true), List.of("Basic x"), carrier, Fault.BAD_CREDENTIAL);
    assertRefused(
        authenticator("", true),
        List.of("Bearer " + TOKEN.text(), "Bearer " + TOKEN.text()),
        carrier,
        Fault.BAD_CREDENTIAL);
  }

  @Test
  void ifEitherIsRevoked_theCallIsRefused() {
    X509Certificate carrier = certificate("billing", "URI:spiffe://prod/billing");
    List<String> token = List.of("Bearer " + TOKEN.text());
    String fingerprint = CertificatePrincipals.fingerprint(carrier);

    for (String line :
        List.of(
            "revoke token:orders",
            "revoke cert sha256:" + fingerprint,
            "revoke spiffe://prod/billing",
            "alias b = spiffe://prod/billing\nrevoke b")) {
      assertRefused(authenticator(line, true), token, tls(carrier), Fault.BAD_CREDENTIAL);
    }
    assertRefused(
        authenticator("revoke spiffe://prod/billing", true),
        List.of(),
        tls(carrier),
        Fault.BAD_CREDENTIAL);
  }

  @Test
  void tokenInPlainText_isTakenFromThisMachineOnly() {
    List<String> token = List.of("bearer " + TOKEN.text());

    assertThat(byToken(TOKEN, new TransportIdentity(List.of(), false, true)).name())
        .isEqualTo("token:orders");
    assertRefused(
        authenticator("", true),
        token,
        new TransportIdentity(List.of(), false, false),
        Fault.PLAINTEXT_CREDENTIAL);
  }

  @Test
  void withoutCredential_theCallerIsAnonymous_ifThatIsAllowed() {
    assertThat(authenticator("", true).authenticate(shown(List.of(), tls())).isAnonymous())
        .isTrue();
    assertRefused(authenticator("", false), List.of(), tls(), Fault.NO_CREDENTIAL);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "URI:spiffe://prod/ns/a          | spiffe://prod/ns/a",
        "URI:https://Prod/a              | uri:https://Prod/a",
        "DNS:Orders.Internal             | dns:orders.internal",
        "DNS:*.internal                  | cn:Orders",
        "IP:127.0.0.1                    | cn:Orders",
      })
  void certificate_isNamedByTheFirstKindItHas(String name, String principal) {
    X509Certificate certificate = certificate("Orders", name);

    assertThat(authenticator("", false).authenticate(shown(List.of(), tls(certificate))).name())
        .isEqualTo(principal);
  }

  @Test
  void uri_decidesBeforeDns_andTheOrderCanBeChanged() {
    X509Certificate both = certificate("c", "DNS:a.internal", "URI:spiffe://prod/a");

    assertThat(new CertificatePrincipals(ORDER, Set.of()).of(both).name())
        .isEqualTo("spiffe://prod/a");
    assertThat(new CertificatePrincipals(List.of(CertificateName.DNS), Set.of()).of(both).name())
        .isEqualTo("dns:a.internal");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "URI:spiffe://prod/a,URI:spiffe://prod/b",
        "URI:spiffe://prod/a,URI:https://x/y",
        "DNS:a.internal,DNS:b.internal",
        "URI:spiffe://prod/a/../b",
        "URI:spiffe://prod/a/.",
        "URI:spiffe://prod/a//b",
        "URI:spiffe://prod/a/",
        "URI:spiffe://prod",
        "URI:spiffe://prod/a?x",
        "URI:SPIFFE://prod/a",
        "URI:spiffe://Prod/a",
      })
  void ambiguousOrMalformedName_isRefused(String names) {
    X509Certificate certificate = certificate("c", names.split(","));

    assertRefused(authenticator("", true), List.of(), tls(certificate), Fault.BAD_CREDENTIAL);
  }

  @Test
  void onlyTheNamedTrustDomains_areAccepted() {
    CertificatePrincipals principals = new CertificatePrincipals(ORDER, Set.of("prod"));

    assertThat(principals.of(certificate("c", "URI:spiffe://prod/a")).name())
        .isEqualTo("spiffe://prod/a");
    assertThatThrownBy(() -> principals.of(certificate("c", "URI:spiffe://test/a")))
        .hasMessageContaining("trust domain");
    assertThatThrownBy(
            () ->
                new CertificatePrincipals(List.of(CertificateName.URI), Set.of())
                    .of(certificate("c", "DNS:a.internal")))
        .hasMessageContaining("no name of kind [URI]");
  }

  @Test
  void tokensFile_reportsEveryFaultByLine_andNeverQuotesIt() {
    TokensFile file =
        TokensFile.parse(
            ("a "
                    + TOKEN.text()
                    + "\nb sha256:12\n"
                    + TOKEN.line()
                    + "\n"
                    + TOKEN.line()
                    + "\nc sha256:"
                    + "0".repeat(64)
                    + " until tomorrow\n")
                .getBytes(StandardCharsets.UTF_8));

    assertThat(file.problems())
        .hasSize(4)
        .noneMatch(problem -> problem.contains("fpt_"))
        .satisfiesExactly(
            one -> assertThat(one).startsWith("1: "),
            two -> assertThat(two).startsWith("2: "),
            three -> assertThat(three).isEqualTo("4: the same hash stands in an earlier line"),
            four -> assertThat(four).startsWith("5: the time"));
    assertThat(TokensFile.parse(new byte[] {(byte) 0xff}).problems()).hasSize(1);
    assertThat(TokensFile.parse(TOKENS.getBytes(StandardCharsets.UTF_8)).problems()).isEmpty();
  }

  @Test
  void noSecret_isPrinted() {
    assertThat(TOKEN.toString()).doesNotContain(TOKEN.text());
    assertThat(TOKEN.line()).doesNotContain(TOKEN.text());
  }
}
