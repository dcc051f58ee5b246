package dev.fencepost.server.identity;

import static dev.fencepost.server.support.TestJwts.NOW;
import static dev.fencepost.server.support.TestJwts.claims;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.fencepost.server.config.JwtSettings;
import dev.fencepost.server.config.JwtSettings.Algorithm;
import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.support.TestJwts;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which JWTs are credentials (RFC 8725). */
class JwtVerifierTest {
  private static TestJwts provider;
  private static JwtKeys keys;
  private final JwtVerifier verifier = new JwtVerifier(TestJwts.settings("keys"));

  @BeforeAll
  static void createKeys() throws Exception {
    provider = new TestJwts();
    keys = parse(provider.jwks());
  }

  private static JwtKeys parse(String set) throws ParseException {
    return JwtKeys.parse(set.getBytes(StandardCharsets.UTF_8));
  }

  private VerifiedJwt verify(String jwt) {
    return verifier.verify(jwt, keys, NOW);
  }

  private void assertRefused(String jwt, String words) {
    assertRefused(jwt, Fault.BAD_CREDENTIAL, words);
  }

  private void assertRefused(String jwt, Fault fault, String words) {
    assertThatThrownBy(() -> verify(jwt))
        .isInstanceOfSatisfying(
            CredentialException.class, e -> assertThat(e.fault()).isEqualTo(fault))
        .hasMessageContaining(words);
  }

  @Test
  void rightJwt_namesItsPrincipal_withItsIssuerAndItsId() {
    VerifiedJwt jwt = verify(provider.sign(claims("orders").jwtID("7")));

    assertThat(jwt.caller())
        .isEqualTo(
            new CallerPrincipal(
                "jwt:corp/orders", "jwt:7", NOW.plus(Duration.ofSeconds(10 * 60 + 30))));
    assertThat(jwt.id()).isEqualTo("7");
    assertThat(
            verify(TestJwts.sign((JOSEObjectType) null, claims("b"), provider.ec)).caller().name())
        .isEqualTo("jwt:corp/b");
    assertThat(verify(TestJwts.sign(new JOSEObjectType("at+jwt"), claims("c"), provider.rsa)))
        .isNotNull();
  }

  @Test
  void noSignature_andSymmetricOnesWithThePublicKey_areRefused() throws Exception {
    assertRefused(new PlainJWT(claims("a").build()).serialize(), "no signed JWT");
    for (byte[] secret :
        List.of(
            provider.rsa.toRSAPublicKey().getEncoded(),
            provider.rsa.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8))) {
      assertRefused(symmetric(secret), "the algorithm of the JWT is not accepted");
    }
  }

  private static String symmetric(byte[] secret) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("rsa-1").build(), claims("a").build());
    jwt.sign(new MACSigner(secret));
    return jwt.serialize();
  }

  @Test
  void keyInTheHeader_isNeverUsed() {
    RSAKey foreign = TestJwts.rsa("rsa-1", 2048);
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.RS256)
            .jwk(foreign.toPublicJWK())
            .jwkURL(URI.create("https://evil.test/keys"))
            .x509CertURL(URI.create("https://evil.test/cert"))
            .build();

    assertRefused(TestJwts.sign(header, claims("a"), foreign), "signature of the JWT is wrong");
    assertRefused(
        TestJwts.sign(JOSEObjectType.JWT, claims("a"), foreign), "signature of the JWT is wrong");
  }

  @Test
  void algorithmOfTheConfiguration_decides() {
    TestJwts other = provider;
    JwtSettings settings = TestJwts.settings("keys");
    JwtVerifier ecOnly =
        new JwtVerifier(
            new JwtSettings(
                settings.keys(),
                settings.issuer(),
                settings.audience(),
                settings.name(),
                Set.of(Algorithm.ES256),
                settings.leeway(),
                settings.refresh(),
                settings.outage()));

    assertThatThrownBy(() -> ecOnly.verify(other.sign(claims("a")), keys, NOW))
        .hasMessageContaining("the algorithm");
    JWSHeader pss = new JWSHeader.Builder(JWSAlgorithm.PS256).keyID("rsa-1").build();
    assertRefused(TestJwts.sign(pss, claims("a"), provider.rsa), "the algorithm");
  }

  @Test
  void otherType_otherAudience_otherIssuer_andCriticalHeaders_areRefused() {
    assertRefused(TestJwts.sign(new JOSEObjectType("dpop+jwt"), claims("a"), provider.rsa), "type");
    assertRefused(provider.sign(claims("a").audience("payroll")), "another audience");
    assertRefused(provider.sign(claims("a").audience((String) null)), "another audience");
    assertRefused(provider.sign(claims("a").issuer("https://evil.test")), "issuer");
    JWSHeader critical =
        new JWSHeader.Builder(JWSAlgorithm.RS256)
            .keyID("rsa-1")
            .criticalParams(Set.of("exp"))
            .customParam("exp", 1)
            .build();
    assertRefused(TestJwts.sign(critical, claims("a"), provider.rsa), "critical");
  }

  @Test
  void endAndSubject_areMandatory() {
    assertRefused(provider.sign(claims("a").expirationTime(null)), "no end (exp)");
    assertRefused(provider.sign(claims("a").subject(null)), "no subject (sub)");
    assertRefused(provider.sign(claims("")), "no subject (sub)");
    assertRefused(provider.sign(claims("a\nb")), "control");
    assertRefused(provider.sign(claims("a".repeat(300))), "256 bytes");
  }

  /** In UTF-8 each lone surrogate is a question mark: different principals would become one. */
  @Test
  void subjectWithALoneSurrogate_isRefused() throws Exception {
    assertRefused(signSubject("a\\ud800"), "well-formed");
    assertRefused(signSubject("a\\udd12\\ud83d"), "well-formed");
    assertThat(verify(signSubject("a\\ud83d\\udd12")).caller().name())
        .isEqualTo("jwt:corp/a\ud83d\udd12");
  }

  /** Returns a JWT whose subject is written in JSON as it stands here. */
  private static String signSubject(String json) throws JOSEException {
    String payload = claims("SUBJECT").build().toString().replace("SUBJECT", json);
    JWSObject jwt =
        new JWSObject(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("rsa-1").build(), new Payload(payload));
    jwt.sign(new RSASSASigner(provider.rsa));
    return jwt.serialize();
  }

  @Test
  void clocksMayDiffer_byTheLeeway() {
    String ended20sAgo = provider.sign(claims("a").expirationTime(Date.from(NOW.minusSeconds(20))));
    String ended40sAgo = provider.sign(claims("a").expirationTime(Date.from(NOW.minusSeconds(40))));

    assertThat(verify(ended20sAgo).caller().isExpiredAt(NOW)).isFalse();
    assertThat(verify(ended40sAgo).caller().isExpiredAt(NOW)).isTrue();
    assertThat(verify(provider.sign(claims("a").notBeforeTime(Date.from(NOW.plusSeconds(20))))))
        .isNotNull();
    assertRefused(
        provider.sign(claims("a").notBeforeTime(Date.from(NOW.plusSeconds(40)))), "not valid yet");
  }

  @Test
  void endedJwt_withAWrongSignature_isBad_andNotExpired() {
    JWTClaimsSet.Builder ended = claims("a").expirationTime(Date.from(NOW.minusSeconds(40)));

    assertRefused(
        TestJwts.sign(JOSEObjectType.JWT, ended, TestJwts.rsa("rsa-1", 2048)), "signature");
  }

  @Test
  void unknownKey_isToldApart_becauseALaterAttemptMayPass() {
    assertRefused(
        TestJwts.sign(JOSEObjectType.JWT, claims("a"), TestJwts.ec("ec-2")),
        Fault.UNKNOWN_KEY,
        "UNKNOWN_KEY");
  }

  @Test
  void binding_isRead_andOtherBindingsAreRefused() {
    String bound = provider.sign(claims("a").claim("cnf", Map.of("x5t#S256", "abc")));

    assertThat(verify(bound).certificate()).contains("abc");
    for (Object other : List.of("abc", Map.of("jkt", "x"), Map.of("x5t#S256", 1))) {
      assertThatThrownBy(() -> verify(provider.sign(claims("a").claim("cnf", other))))
          .isInstanceOf(CredentialException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a.b.c", "e30.e30.", "eyJhbGciOiJSUzI1NiJ9..x"})
  void malformedText_isRefused(String text) {
    assertThatThrownBy(() -> verify(text)).isInstanceOf(CredentialException.class);
  }

  @Test
  void keySet_leavesOutWhatCannotSign() throws Exception {
    RSAKey forEncryption =
        new RSAKey.Builder(provider.rsa.toPublicJWK())
            .keyUse(com.nimbusds.jose.jwk.KeyUse.ENCRYPTION)
            .build();
    RSAKey shortKey = TestJwts.rsa("short", 1024);

    assertThat(parse(TestJwts.jwks(shortKey, provider.ec)).size()).isEqualTo(1);
    assertThatThrownBy(() -> parse(TestJwts.jwks(forEncryption, shortKey)))
        .hasMessageContaining("no public key");
    assertThatThrownBy(() -> parse("{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}"))
        .hasMessageContaining("no public key");
    assertThatThrownBy(() -> parse("<html>")).hasMessage("it is no JWK set");
    assertThatThrownBy(() -> JwtKeys.parse(new byte[JwtKeys.MAX_BYTES + 1]))
        .hasMessageContaining("more than");
  }
}
