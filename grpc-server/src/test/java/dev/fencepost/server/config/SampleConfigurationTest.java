package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keeps the sample configuration file equal to the keys. It is generated from them. */
class SampleConfigurationTest {
  private static final Path FILE = Path.of("../docs/fencepost.yaml");
  private static final String RECORD = "fencepost.config.record";
  private static final String HEAD =
      """
      # Sample configuration of a Fencepost server, with every setting and its default.
      # Remove the '#' before a setting to change it, and start: fencepost server --config FILE
      # docs/configuration.md explains each setting. Settings of the store, store-options.NAME,
      # are in docs/backends. Generated from the keys, so change the keys instead of this file:
      # mvn -pl grpc-server -am test -Dtest=SampleConfigurationTest \\
      #   -Dsurefire.failIfNoSpecifiedTests=false -Dfencepost.config.record=true
      """;

  @Test
  void sampleFile_isGeneratedFromTheKeys() throws IOException {
    if (Boolean.getBoolean(RECORD)) {
      Files.writeString(FILE, sample());
    }

    assertThat(FILE).as("rewrite it with -D" + RECORD + "=true").hasContent(sample());
  }

  @Test
  void sampleWithoutCommentMarks_isTheDefaults(@TempDir Path folder) throws IOException {
    Path active = folder.resolve("fencepost.yaml");
    String settings =
        sample()
            .lines()
            .filter(line -> line.matches("#[a-z].*"))
            .map(line -> line.substring(1))
            .collect(Collectors.joining("\n"));
    Files.writeString(active, settings);

    assertThat(settings.lines()).hasSize(ConfigKey.values().length);
    assertThat(ServerConfig.load(Map.of("config", active.toString()), Map.of()))
        .isEqualTo(ServerConfig.load(Map.of(), Map.of()));
  }

  private static String sample() {
    StringBuilder text = new StringBuilder(HEAD);
    for (ConfigKey key : ConfigKey.values()) {
      text.append("\n# ").append(key.description()).append("\n#").append(key.text()).append(':');
      text.append(key.fallback().isEmpty() ? "" : " " + yaml(key.fallback())).append('\n');
    }
    return text.toString();
  }

  /** YAML reads a bare {@code off} as false elsewhere; quotes keep it a word for every reader. */
  private static String yaml(String value) {
    return value.equals("off") ? "\"off\"" : value;
  }
}
