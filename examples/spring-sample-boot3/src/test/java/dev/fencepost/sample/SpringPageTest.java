package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code in docs/spring.md is the code of the sample. */
class SpringPageTest {
  private static final Path PAGE = Path.of("../../docs/spring.md");
  private static final Path SOURCES =
      Path.of("../spring-sample-boot3/src/test/java/dev/fencepost/sample");
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern SETTING = Pattern.compile("\\| `fencepost\\.([a-z-]+)");

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
    List<String> named =
        SETTING.matcher(Files.readString(PAGE)).results().map(each -> each.group(1)).toList();
    assertThat(named)
        .containsExactlyInAnyOrder("target", "ttl", "call-timeout", "service", "metadata");
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
