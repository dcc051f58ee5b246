package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The statements and scripts of the manual are the ones that the guards run. */
class FencingDocsTest {

  @Test
  void sqlAndLua_areShownAsTheyAre() throws IOException {
    String manual = Files.readString(Path.of("../docs/fencing.md"));
    for (GuardTableDialect dialect : GuardTableDialect.values()) {
      assertThat(manual).contains(dialect.resource("schema"));
    }
    assertThat(manual)
        .contains(
            GuardTableDialect.POSTGRESQL.resource("advance"),
            GuardTableDialect.MYSQL.resource("advance"),
            GuardTableDialect.MYSQL.resource("mark"),
            resource("redis/fenced.lua"),
            MarkKey.of("stock:42"),
            MarkKey.of("stock:{eu}:42"));
  }

  private static String resource(String path) throws IOException {
    try (InputStream in = RedisFence.class.getResourceAsStream(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
