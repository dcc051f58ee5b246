package dev.fencepost.server.service.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.transport.TransportIdentity;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Open calls while rules and credentials are exchanged. */
class AccessControlTest {
  private static final String RULES =
      "version 1\nallow token:a use on a\nallow token:b use on **\n";

  private final StaticToken token = StaticToken.create("a", new SecureRandom());
  private Instant now = Instant.parse("2030-01-01T00:00:00Z");
  private final AccessControl control =
      new AccessControl(
          state(RULES, until(Duration.ofHours(1))),
          Optional.empty(),
          Duration.ofMinutes(10),
          true,
          () -> now,
          AuditTrail.toLogger("test", Instant::now));

  private String until(Duration fromNow) {
    return token.line() + " until " + now.plus(fromNow);
  }

  private static CallerAuthenticator state(String rules, String tokens) {
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(), Set.of()),
        TokensFile.parse(tokens.getBytes(StandardCharsets.UTF_8)),
        JwtKeys.NONE,
        AccessRules.of(RulesParser.parse(rules.getBytes(StandardCharsets.UTF_8))),
        false);
  }

  private CallAccess admit() {
    return control.admit(
        new CallCredentials(
            List.of("Bearer " + token.text()),
            new TransportIdentity(List.of(), true, false),
            "",
            Optional.empty()));
  }

  private static boolean mayAcquire(CallAccess access, String lock) {
    try {
      access.require(AccessOperation.ACQUIRE, lock);
      return true;
    } catch (AccessRefusedException | CredentialException e) {
      return false;
    }
  }

  @Test
  void endOfAToken_thatIsMovedForward_countsForOpenCalls() {
    CallAccess access = admit();
    AtomicInteger changes = new AtomicInteger();
    access.onChange(changes::incrementAndGet);
    control.replace(state(RULES, until(Duration.ofMinutes(1))));
    assertThat(mayAcquire(access, "a")).isTrue();
    changes.set(0);

    now = now.plus(Duration.ofMinutes(1));

    assertThat(mayAcquire(access, "a")).isFalse();
    control.endExpired();
    assertThat(changes).hasValue(1);
  }

  @Test
  void endOfAToken_thatIsMovedBack_countsForOpenCalls() {
    CallAccess access = admit();
    control.replace(state(RULES, until(Duration.ofHours(2))));

    now = now.plus(Duration.ofHours(1));
    assertThat(mayAcquire(access, "a")).isTrue();

    now = now.plus(Duration.ofHours(1));
    assertThat(mayAcquire(access, "a")).isFalse();
  }

  @Test
  void tokenThatGetsAnotherName_endsTheRightsOfOpenCalls() {
    CallAccess access = admit();

    control.replace(state(RULES, token.line().replaceFirst("a", "b")));

    assertThat(mayAcquire(access, "a")).isFalse();
    assertThatThrownBy(access::requireAnything).isInstanceOf(AccessRefusedException.class);
    assertThat(mayAcquire(admit(), "b")).isTrue();
  }

  @Test
  void listenerThatFails_keepsNoOtherCallFromBeingJudged() {
    AtomicInteger judged = new AtomicInteger();
    for (int i = 0; i < 8; i++) {
      CallAccess access = admit();
      access.onChange(judged::incrementAndGet);
      access.onChange(
          () -> {
            throw new IllegalStateException("made by the test");
          });
      access.onChange(judged::incrementAndGet);
    }

    control.replace(state("version 1\n", token.line()));

    assertThat(judged).hasValue(16);
  }

  @Test
  void refusal_hasTheNameShortAndPrintable() {
    String text = admit().refusal("acquire", "n\n".repeat(30_000)).getMessage();

    assertThat(text).startsWith("principal \"token:a\" may not acquire \"n\\u000an");
    assertThat(text).hasSizeLessThan(1_000).doesNotContain("\n");
  }
}
