package dev.fencepost.sample;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.spring.FencepostLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code in docs/spring.md is the code of the sample. */
class SpringPageTest {
  private static final Path PAGE = Path.of("../../docs/spring.md");
  private static final Path SOURCES =
      Path.of("../spring-sample-boot3/src/test/java/dev/fencepost/sample");
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern SETTING = Pattern.compile("`fencepost\\.([a-z.-]+)(?=`|\\.\\*`)");
  private static final Pattern NAME = Pattern.compile("\"name\": \"fencepost\\.([a-z.-]+)\"");

  @Test
  void page_showsWhatIsRun() throws IOException {
    List<String> blocks =
        BLOCK.matcher(Files.readString(PAGE)).results().map(each -> flat(each.group(1))).toList();
    assertThat(blocks).hasSize(3);
    assertThat(blocks)
        .allSatisfy(
            block ->
                assertThat(block.split(";", 2))
                    .allSatisfy(part -> assertThat(sources()).contains(part)));
  }

  @Test
  void page_namesEachSetting() throws IOException {
    String page = Files.readString(PAGE);
    assertThat(names(SETTING, page.substring(page.indexOf("## Settings"))))
        .containsAll(settings())
        .isSubsetOf(settings());
  }

  private static Set<String> settings() throws IOException {
    try (InputStream metadata =
        FencepostLock.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
      String text = new String(metadata.readAllBytes(), StandardCharsets.UTF_8);
      Set<String> names = names(NAME, text.substring(text.indexOf("\"properties\"")));
      assertThat(names).hasSizeGreaterThan(8);
      return names;
    }
  }

  private static Set<String> names(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(each -> each.group(1)).collect(toSet());
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
