package dev.fencepost.stories;

import dev.fencepost.testkit.process.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Plays stories and prints their figures. Ends with exit code 0 if each ended as it is told, with 1
 * if one did not, and with 64 if an argument is wrong.
 */
public final class Stories {

  private static final String POSTGRES = "--postgres";
  private static final int USAGE = 64;

  private Stories() {}

  /**
   * Plays the stories that are named, or all.
   *
   * @param args simple names of {@link Story} classes; {@code --postgres} for a PostgreSQL that is
   *     started for it, instead of H2
   */
  public static void main(String... args) throws Exception {
    List<String> names = new ArrayList<>(List.of(args));
    boolean postgres = names.removeIf(POSTGRES::equals);
    try {
      List<Story> stories =
          names.isEmpty() ? StoryList.ALL : names.stream().map(StoryList::named).toList();
      System.exit((postgres ? playOnPostgres(stories) : playOnH2(stories)) ? 0 : 1);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + ", or " + POSTGRES);
      System.exit(USAGE);
    }
  }

  /** The database of the stories in a folder, for several processes. */
  static String h2Url(Path folder) {
    return "jdbc:h2:" + folder.resolve("data") + ";AUTO_SERVER=TRUE";
  }

  private static boolean playOnH2(List<Story> stories) throws SQLException, IOException {
    Path folder = Files.createTempDirectory("fencepost-stories-");
    try {
      return play(folder, h2Url(folder), stories);
    } finally {
      delete(folder);
    }
  }

  private static boolean playOnPostgres(List<Story> stories) throws SQLException {
    try (PostgresServer server = new PostgresServer()) {
      server.start();
      return play(server.folder(), server.createDatabase("stories"), stories);
    }
  }

  private static boolean play(Path folder, String jdbcUrl, List<Story> stories)
      throws SQLException {
    boolean asTold = true;
    try (StoryStage stage = StoryStage.open(folder, jdbcUrl)) {
      for (Story story : stories) {
        System.out.println(story.title());
        for (ActResult result : stage.play(story)) {
          System.out.println(result.line());
          asTold &= result.isAsTold();
        }
        System.out.println();
      }
    }
    System.out.println(asTold ? "All ended as they are told." : "Not all ended as they are told.");
    return asTold;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
