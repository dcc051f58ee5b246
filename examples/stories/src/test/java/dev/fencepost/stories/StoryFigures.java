package dev.fencepost.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each story ends as it is told, with exactly these figures. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class StoryFigures {

  /** What the data says without a lock, with a lock, with a pause, and with the fence. */
  private static final Map<String, List<String>> FIGURES =
      Map.of(
          "StockStory",
          List.of("sold 2 of 1", "sold 1 of 1", "sold 2 of 1", "sold 1 of 1"),
          "BalanceStory",
          List.of("balance 120", "balance 90", "balance 120", "balance 90"),
          "JobStory",
          List.of(
              "15 invoices to 5 customers",
              "5 invoices to 5 customers",
              "10 invoices to 5 customers",
              "5 invoices to 5 customers"),
          "SettingsStory",
          List.of(
              "host of version 3, port of version 2",
              "host of version 3, port of version 3",
              "host of version 3, port of version 2",
              "host of version 3, port of version 3"),
          "MigrationStory",
          List.of(
              "5 euros are 50000 cents, tax 95, data of version 2",
              "5 euros are 500 cents, tax 95, data of version 3",
              "5 euros are 50000 cents, tax 95, data of version 2",
              "5 euros are 500 cents, tax 95, data of version 3"));

  private StoryStage stage;

  /** Returns the database of the stories; the folder is empty. */
  abstract String jdbcUrl(Path folder);

  @BeforeAll
  void open(@TempDir Path folder) throws SQLException {
    stage = StoryStage.open(folder, jdbcUrl(folder));
  }

  @AfterAll
  void close() throws SQLException {
    stage.close();
  }

  static List<String> stories() {
    return StoryList.ALL.stream().map(StoryList::nameOf).toList();
  }

  @ParameterizedTest
  @MethodSource("stories")
  void story_endsAsItIsTold(String name) throws SQLException {
    List<ActResult> results = stage.play(StoryList.named(name));
    assertThat(results).extracting(ActResult::figure).isEqualTo(FIGURES.get(name));
    assertThat(results).extracting(ActResult::right).containsExactly(false, true, false, true);
    assertThat(results).extracting(ActResult::refused).containsExactly(0, 0, 0, 1);
    assertThat(results).allMatch(ActResult::isAsTold);
  }
}
