package dev.fencepost.liquibase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.junit.FencepostTest;
import dev.fencepost.junit.LockTestServer;
import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names and the code in docs/liquibase.md are those of the lock service. */
@FencepostTest
class LiquibasePageTest {
  private static final Path PAGE = Path.of("../docs/liquibase.md");
  private static final Path SOURCES = Path.of("src");
  private static final Pattern CODE = Pattern.compile("```java\n(.*?)\n```", Pattern.DOTALL);
  private static final Pattern COMMAND = Pattern.compile("-D(fencepost\\.liquibase\\.[a-z]+)=");

  @Test
  void clientOfTheProgram_locksTheMigration(LockTestServer server, @TempDir Path folder)
      throws SQLException {
    String url = "jdbc:h2:" + folder.resolve("data");
    try (ChildJvm program =
        ChildJvm.start(List.of(), MigrationProgram.class, url, server.target())) {
      program.awaitLine("migrated"::equals, Duration.ofMinutes(1));
      program.awaitExit();
    }
    try (Connection database = DriverManager.getConnection(url)) {
      assertThat(hasTable(database, "DATABASECHANGELOG")).isTrue();
      // Liquibase's own lock makes this one.
      assertThat(hasTable(database, "DATABASECHANGELOGLOCK")).isFalse();
    }
  }

  @Test
  void page_showsWhatIsRun() throws IOException {
    List<String> blocks = all(CODE);
    assertThat(blocks).hasSize(1);
    assertThat(read("test/java/dev/fencepost/liquibase/MigrationProgram.java"))
        .contains(blocks.get(0));
  }

  @Test
  void command_setsThePropertyThatIsRead() throws IOException {
    List<String> properties = all(COMMAND);
    assertThat(properties).hasSize(1);
    assertThat(read("main/java/dev/fencepost/liquibase/FencepostLockService.java"))
        .contains('"' + properties.get(0) + '"');
  }

  private static boolean hasTable(Connection database, String name) throws SQLException {
    try (ResultSet tables = database.getMetaData().getTables(null, null, name, null)) {
      return tables.next();
    }
  }

  private static List<String> all(Pattern pattern) throws IOException {
    return pattern.matcher(Files.readString(PAGE)).results().map(each -> each.group(1)).toList();
  }

  private static String read(String source) throws IOException {
    return Files.readString(SOURCES.resolve(source));
  }
}
