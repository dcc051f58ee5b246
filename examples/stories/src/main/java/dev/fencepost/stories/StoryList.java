package dev.fencepost.stories;

import java.util.List;

/** The five stories. */
final class StoryList {

  /** All of them, in the order in which they are told. */
  static final List<Story> ALL =
      List.of(
          new StockStory(),
          new BalanceStory(),
          new JobStory(),
          new SettingsStory(),
          new MigrationStory());

  private StoryList() {}

  /**
   * Finds a story by the simple name of its class.
   *
   * @throws IllegalArgumentException if there is none; the message names all
   */
  static Story named(String name) {
    return ALL.stream()
        .filter(story -> nameOf(story).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "story: " + name + " (expected one of " + names() + ")"));
  }

  static String nameOf(Story story) {
    return story.getClass().getSimpleName();
  }

  private static List<String> names() {
    return ALL.stream().map(StoryList::nameOf).toList();
  }
}
