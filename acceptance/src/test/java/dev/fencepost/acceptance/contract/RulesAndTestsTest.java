package dev.fencepost.acceptance.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** That {@code docs/rules-and-tests.md} names a test for each rule and each failure. */
class RulesAndTestsTest {
  private static final Path TOP = Path.of("").toAbsolutePath().getParent();

  private static final Pattern ANNOTATION =
      Pattern.compile("^ +@(Test|ParameterizedTest|RepeatedTest|TestFactory)\\b.*");

  private static final Pattern METHOD =
      Pattern.compile(
          "^ +(?:final |public )*(?:void|[A-Z][A-Za-z<>? ]*) ([a-z][A-Za-z0-9_]*)\\(.*");

  @Test
  void everyRule_hasATest() throws IOException {
    assertThat(faults("Rules", "semantics.md")).isEmpty();
  }

  @Test
  void everyFailure_hasATest() throws IOException {
    assertThat(faults("Failures", "failures.md")).isEmpty();
  }

  @Test
  void tableWithAHole_isNoticed() {
    List<String> page =
        List.of(
            "## Rules",
            "| 1 | `ATest.a_b` |",
            "| 2 | |",
            "| 4 | `ATest.a_b` |",
            "| 5 | `ATest.gone` |",
            "| 5 | `ATest.a_b` |",
            "## Failures",
            "| 3 | `ATest.a_b` |");

    List<String> faults =
        RuleTable.of(page, "Rules").faults(Set.of(1, 2, 3, 5), Set.of("ATest.a_b")::contains);

    assertThat(faults)
        .containsExactlyInAnyOrder("5: two rows", "2: no test", "3: no test", "4: no such rule");
    assertThat(
            RuleTable.of(List.of("## Rules", "| 5 | `ATest.gone` |"), "Rules")
                .faults(Set.of(5), Set.of("ATest.a_b")::contains))
        .containsExactly("5: no such test: ATest.gone");
    assertThat(RuleTable.of(page, "Nothing").faults(Set.of(), test -> true)).hasSize(1);
    assertThat(RuleTable.numbersOf(List.of("1. **One.**", "text", "   2. no", "12. x")))
        .containsExactly(1, 12);
  }

  private static List<String> faults(String section, String page) throws IOException {
    Path docs = TOP.resolve("docs");
    Set<Integer> numbers = RuleTable.numbersOf(Files.readAllLines(docs.resolve(page)));
    assertThat(numbers).as(page).hasSizeGreaterThan(20);
    Set<String> tests = tests();
    assertThat(tests).hasSizeGreaterThan(500);
    return RuleTable.of(Files.readAllLines(docs.resolve("rules-and-tests.md")), section)
        .faults(numbers, tests::contains);
  }

  /** All tests of all modules, as {@code Class.method}. */
  private static Set<String> tests() throws IOException {
    Set<String> found = new HashSet<>();
    try (Stream<Path> modules = Files.list(TOP)) {
      for (Path module : modules.filter(path -> Files.isDirectory(path.resolve("src"))).toList()) {
        try (Stream<Path> files = Files.walk(module.resolve("src"))) {
          files
              .filter(file -> file.toString().endsWith(".java"))
              .forEach(file -> addTests(file, found));
        }
      }
    }
    return found;
  }

  private static void addTests(Path file, Set<String> found) {
    String name = file.getFileName().toString().replace(".java", "");
    boolean isTest = false;
    for (String line : lines(file)) {
      Matcher method = METHOD.matcher(line);
      if (ANNOTATION.matcher(line).matches()) {
        isTest = true;
      } else if (isTest && method.matches()) {
        found.add(name + "." + method.group(1));
        isTest = false;
      }
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
