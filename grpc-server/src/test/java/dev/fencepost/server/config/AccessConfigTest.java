package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.server.config.JwtSettings.Algorithm;
import dev.fencepost.server.support.TestConfigs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings of identity. */
class AccessConfigTest {
  private static AccessSettings jwt(String... more) {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "identity.jwt.keys",
                "https://idp.test/keys",
                "identity.jwt.issuer",
                "https://idp.test",
                "identity.jwt.audience",
                "locks"));
    settings.addAll(List.of(more));
    return TestConfigs.with(settings.toArray(String[]::new)).access();
  }

  @Test
  void jwt_hasDefaults() {
    AccessSettings access = jwt();

    assertThat(access.isOn()).isTrue();
    assertThat(access.expiredGrace()).isEqualTo(Duration.ofMinutes(10));
    assertThat(access.jwt())
        .contains(
            new JwtSettings(
                "https://idp.test/keys",
                "https://idp.test",
                "locks",
                "jwt",
                Set.of(Algorithm.RS256, Algorithm.ES256),
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                Duration.ofHours(24)));
    assertThat(jwt("identity.jwt.algorithms", "ES256").jwt().orElseThrow().algorithms())
        .containsExactly(Algorithm.ES256);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "identity.jwt.algorithms | RS256,none",
        "identity.jwt.algorithms | HS256",
        "identity.jwt.name       | a/b",
        "identity.jwt.name       | A",
        "identity.jwt.keys       | http://idp.test/keys",
        "identity.jwt.keys       | https://",
        "identity.jwt.leeway     | 6m",
        "identity.jwt.refresh    | 1s",
        "identity.jwt.outage     | 1s",
        "identity.expired-grace  | 25h",
      })
  void badValue_isRefused_byItsName(String key, String value) {
    assertThatThrownBy(() -> jwt(key, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key);
  }

  @Test
  void issuerAndAudience_areMandatoryWithKeys() {
    assertThatThrownBy(() -> TestConfigs.with("identity.jwt.keys", "keys"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("identity.jwt.issuer")
        .hasMessageContaining("identity.jwt.audience");
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity.tokens-file", "identity.jwt.keys"})
  void bearersWithoutTlsBeyondLoopback_areRefused_evenWherePlainTextIsAllowed(String source) {
    assertThatThrownBy(
            () -> jwt("listen", "0.0.0.0:0", "tls.plain-text", "anywhere", source, "file"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(source);
  }
}
