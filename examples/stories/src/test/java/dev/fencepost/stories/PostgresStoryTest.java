package dev.fencepost.stories;

import dev.fencepost.testkit.process.PostgresDatabase;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;

class PostgresStoryTest extends StoryFigures {

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Override
  String jdbcUrl(Path folder) {
    return DATABASE.jdbcUri();
  }
}
