package dev.fencepost.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code in docs/stories.md is the code of the stories, and its figures are theirs. */
class StoriesPageTest {

  private static final Path PAGE = Path.of("../../docs/stories.md");
  private static final Path SOURCES = Path.of("src/main/java/dev/fencepost/stories");
  private static final Pattern CODE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern FIGURE =
      Pattern.compile("^\\s+(with[^|]*?)\\s{2,}(WRONG|right): (.*)$", Pattern.MULTILINE);

  @Test
  void code_isThatOfTheStories() throws IOException {
    List<String> blocks =
        CODE.matcher(page()).results().map(block -> flat(block.group(1))).toList();
    assertThat(blocks).hasSize(6);
    String sources = sources();
    assertThat(blocks).allSatisfy(block -> assertThat(sources).contains(block));
  }

  @Test
  void output_isThatOfTheProgram() throws IOException {
    List<String> told = FIGURE.matcher(page()).results().map(line -> line.group()).toList();
    List<String> right =
        told.stream().filter(line -> line.contains(" right: ")).map(String::strip).toList();
    assertThat(told).hasSize(StoryList.ALL.size() * StoryAct.values().length);
    for (Story story : StoryList.ALL) {
      assertThat(right).contains(line(story, StoryAct.LOCK), line(story, StoryAct.FENCE_AND_PAUSE));
      assertThat(page()).contains("\n" + story.title() + "\n");
    }
  }

  @Test
  void everyStory_hasASectionThatNamesItsFile() throws IOException {
    for (Story story : StoryList.ALL) {
      assertThat(page()).contains("](../examples/stories/" + source(StoryList.nameOf(story)) + ")");
    }
  }

  private static String line(Story story, StoryAct act) {
    return new ActResult(act, story.rightFigure(), true, act.hasFence() ? 1 : 0).line().strip();
  }

  private static String source(String name) {
    return SOURCES.resolve(name + ".java").toString();
  }

  private static String page() throws IOException {
    return Files.readString(PAGE);
  }

  private static String sources() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.toList()) {
        all.append(Files.readString(file));
      }
    }
    return flat(all.toString());
  }

  private static String flat(String code) {
    return code.replaceAll("\\s+", "");
  }
}
