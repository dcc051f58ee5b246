package dev.fencepost.client.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code in pages and comments is the code of {@link Examples}. */
class DocumentationTest {
  private static final Path EXAMPLES =
      Path.of("src/test/java/dev/fencepost/client/examples/Examples.java");
  private static final Path PAGE = Path.of("../docs/sdk.md");
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern IN_PAGE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern IN_COMMENT =
      Pattern.compile("<pre>\\{@code\n(.*?)\\}</pre>", Pattern.DOTALL);
  private static final Pattern STAR = Pattern.compile("(?m)^\\s*\\* ?");

  @Test
  void page_showsWhatIsRun() throws IOException {
    List<String> shown = blocks(IN_PAGE, Files.readString(PAGE));
    assertThat(shown).hasSizeGreaterThan(8);
    assertThat(shown).allSatisfy(DocumentationTest::isRun);
  }

  @Test
  void comments_showWhatIsRun() throws IOException {
    List<String> shown = new ArrayList<>();
    try (Stream<Path> sources = Files.walk(SOURCES)) {
      for (Path source : sources.filter(path -> path.toString().endsWith(".java")).toList()) {
        String text = Files.readString(source);
        blocks(IN_COMMENT, text).forEach(each -> shown.add(STAR.matcher(each).replaceAll("")));
      }
    }
    assertThat(shown).hasSizeGreaterThan(5);
    assertThat(shown).allSatisfy(DocumentationTest::isRun);
  }

  private static void isRun(String block) throws IOException {
    assertThat(flat(Files.readString(EXAMPLES))).contains(flat(block));
  }

  private static List<String> blocks(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    List<String> blocks = new ArrayList<>();
    while (matcher.find()) {
      blocks.add(matcher.group(1));
    }
    return blocks;
  }

  private static String flat(String code) {
    return code.replaceAll("\\s+", "");
  }
}
