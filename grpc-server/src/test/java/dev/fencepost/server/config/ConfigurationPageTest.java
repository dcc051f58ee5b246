package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConfigurationPageTest {
  private static final Path PAGE = Path.of("../docs/configuration.md");

  @ParameterizedTest
  @EnumSource
  void everyKey_isDocumentedWithItsDefault(ConfigKey key) throws IOException {
    String page = Files.readString(PAGE);

    assertThat(page.lines())
        .as("a row of the table of " + PAGE)
        .anyMatch(
            line ->
                line.startsWith("| `" + key.text() + "` |")
                    && (key.fallback().isEmpty() || line.contains("`" + key.fallback() + "`")));
  }
}
