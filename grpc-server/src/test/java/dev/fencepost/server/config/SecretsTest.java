package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretsTest {
  @ParameterizedTest
  @CsvSource({
    "h2:./fencepost-data, h2:./fencepost-data",
    "redis://:geheim@h:6379/0, redis://:***@h:6379/0",
    "redis://u:ge@heim@h:6379, redis://u:***@h:6379",
    "jdbc:postgresql://h/db?user=u&password=geheim&x=1, "
        + "jdbc:postgresql://h/db?user=u&password=***&x=1",
    "jdbc:postgresql://h/db?sslpassword=geheim, jdbc:postgresql://h/db?sslpassword=***",
    "jdbc:postgresql://h:5432/db, jdbc:postgresql://h:5432/db"
  })
  void uri_isShownWithoutPasswords(String uri, String shown) {
    assertThat(Secrets.mask(uri)).isEqualTo(shown);
  }
}
