package dev.fencepost.acceptance.contract;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rows of a table <em>number → tests</em> in Markdown, and what is wrong with them. Tests are
 * written as {@code `Class.method`}.
 */
final class RuleTable {
  private static final Pattern NUMBERED = Pattern.compile("^(\\d+)\\. .*");
  private static final Pattern ROW = Pattern.compile("^\\| (\\d+) \\|(.*)\\|$");
  private static final Pattern TEST = Pattern.compile("`([A-Za-z0-9]+\\.[A-Za-z0-9_]+)`");

  private final Map<Integer, List<String>> rows = new LinkedHashMap<>();
  private final List<String> faults = new ArrayList<>();

  /** Reads the rows of the section whose heading is {@code ## heading}. */
  static RuleTable of(List<String> page, String heading) {
    RuleTable table = new RuleTable();
    int begin = page.indexOf("## " + heading);
    if (begin < 0) {
      table.faults.add("no section: " + heading);
      return table;
    }
    for (String line : page.subList(begin + 1, page.size())) {
      if (line.startsWith("## ")) {
        break;
      }
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        table.add(Integer.parseInt(row.group(1)), row.group(2));
      }
    }
    return table;
  }

  /** The numbers of a page's numbered paragraphs. */
  static Set<Integer> numbersOf(List<String> page) {
    Set<Integer> numbers = new TreeSet<>();
    for (String line : page) {
      Matcher numbered = NUMBERED.matcher(line);
      if (numbered.matches()) {
        numbers.add(Integer.parseInt(numbered.group(1)));
      }
    }
    return numbers;
  }

  /** Compares the rows with the numbers that must have one and the tests that there are. */
  List<String> faults(Set<Integer> wanted, Predicate<String> testExists) {
    List<String> all = new ArrayList<>(faults);
    for (int number : wanted) {
      if (rows.getOrDefault(number, List.of()).isEmpty()) {
        all.add(number + ": no test");
      }
    }
    rows.forEach(
        (number, tests) -> {
          if (!wanted.contains(number)) {
            all.add(number + ": no such rule");
          }
          tests.stream()
              .filter(testExists.negate())
              .forEach(test -> all.add(number + ": no such test: " + test));
        });
    return all;
  }

  private void add(int number, String cell) {
    List<String> tests = TEST.matcher(cell).results().map(match -> match.group(1)).toList();
    if (rows.put(number, tests) != null) {
      faults.add(number + ": two rows");
    }
  }
}
