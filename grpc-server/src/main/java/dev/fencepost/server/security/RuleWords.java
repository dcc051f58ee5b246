package dev.fencepost.server.security;

import dev.fencepost.server.security.LineWords.LineWord;
import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The aliases and groups of a rules file. Not thread-safe. */
final class RuleWords {
  private static final Pattern WORD = Pattern.compile("[a-z0-9-]{1,63}");

  /** Most groups that stand in each other, each one counted. */
  private static final int MAX_DEPTH = 16;

  /** Most members of all groups together, so that a small file needs no large memory. */
  private static final int MAX_MEMBERS = 100_000;

  private static final Set<String> KEYWORDS =
      Set.of("anonymous", "authenticated", "on", "resource", "cert", "jwt-id");

  private final List<RulesProblem> problems;
  private final Map<String, Definition> aliases = new LinkedHashMap<>();
  private final Map<String, Definition> groups = new LinkedHashMap<>();
  private final Map<String, GroupMembers> members = new HashMap<>();
  private final Map<String, String> aliasByName = new HashMap<>();
  private final Set<String> used = new HashSet<>();
  private int memberCount;
  private int hints;

  /** The line that defines a word, with its members. */
  private record Definition(int line, List<LineWord> members) {}

  /**
   * A group with the members of the groups in it.
   *
   * @param depth 1, and 1 more for each group that stands in another
   */
  private record GroupMembers(List<PrincipalPattern> principals, int depth) {
    static final GroupMembers NONE = new GroupMembers(List.of(), 0);
  }

  RuleWords(List<RulesProblem> problems) {
    this.problems = problems;
  }

  void readAlias(int number, List<LineWord> line) {
    define(number, line, aliases);
  }

  void readGroup(int number, List<LineWord> line) {
    define(number, line, groups);
  }

  private void define(int number, List<LineWord> line, Map<String, Definition> kind) {
    List<LineWord> rest = separated(line.subList(1, line.size()));
    if (rest.size() < 2 || !rest.get(1).is("=")) {
      error(number, "expected: " + line.get(0).text() + " WORD = NAME, NAME, …");
      return;
    }
    String word = rest.get(0).text();
    if (!WORD.matcher(word).matches() || KEYWORDS.contains(word)) {
      error(number, quoted(word) + " (expected: a word of 1–63 characters of a-z, 0-9 and -)");
      return;
    }
    Definition earlier = aliases.getOrDefault(word, groups.get(word));
    if (earlier != null) {
      error(number, quoted(word) + " is defined in line " + earlier.line + " already");
      return;
    }
    Optional<List<LineWord>> names = list(number, rest.subList(2, rest.size()));
    names.ifPresent(all -> kind.put(word, new Definition(number, all)));
  }

  /** Splits an equals sign off the word before or after it. */
  private static List<LineWord> separated(List<LineWord> words) {
    List<LineWord> rest = new ArrayList<>();
    boolean found = false;
    for (LineWord word : words) {
      int at = found || word.quoted() ? -1 : word.text().indexOf('=');
      if (at < 0) {
        rest.add(word);
        continue;
      }
      found = true;
      addUnlessEmpty(rest, word.text().substring(0, at));
      rest.add(new LineWord("=", false));
      addUnlessEmpty(rest, word.text().substring(at + 1));
    }
    return rest;
  }

  private static void addUnlessEmpty(List<LineWord> words, String text) {
    if (!text.isEmpty()) {
      words.add(new LineWord(text, false));
    }
  }

  /** Returns the words between commas; empty after an error. */
  Optional<List<LineWord>> list(int number, List<LineWord> words) {
    List<LineWord> names = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      boolean comma = words.get(i).is(LineWords.COMMA);
      if (comma != (i % 2 == 1)) {
        String before = i == 0 ? "the beginning" : quoted(words.get(i - 1).text());
        error(number, "after " + before + " (expected: " + (comma ? "a name)" : "a comma)"));
        return Optional.empty();
      }
      if (!comma) {
        names.add(words.get(i));
      }
    }
    if (words.size() % 2 == 0) {
      error(number, "the list has no end (expected: NAME, NAME, …)");
      return Optional.empty();
    }
    return Optional.of(names);
  }

  /** Resolves all definitions. Call it once, after all lines are read. */
  void resolve() {
    aliases.forEach(this::resolveAlias);
    groups.forEach((word, definition) -> resolveGroup(word, new LinkedHashSet<>()));
  }

  private void resolveAlias(String alias, Definition definition) {
    for (LineWord name : definition.members) {
      Optional<String> fault =
          name.text().indexOf('*') >= 0
              ? Optional.of("an exact name; patterns belong into a group")
              : PrincipalPattern.faultOf(name.text());
      if (fault.isPresent()) {
        error(definition.line, quoted(name.text()) + " (expected: " + fault.get() + ")");
        continue;
      }
      String other = aliasByName.putIfAbsent(name.text(), alias);
      if (other != null) {
        error(definition.line, quoted(name.text()) + " belongs to the alias " + other + " already");
      }
    }
  }

  private GroupMembers resolveGroup(String word, Set<String> above) {
    GroupMembers known = members.get(word);
    if (known != null) {
      return known;
    }
    Definition definition = groups.get(word);
    if (definition == null || memberCount > MAX_MEMBERS) {
      return GroupMembers.NONE;
    }
    if (above.contains(word)) {
      error(definition.line, "the group " + quoted(word) + " contains itself");
      return GroupMembers.NONE;
    }
    if (above.size() == MAX_DEPTH) {
      return new GroupMembers(List.of(), MAX_DEPTH);
    }
    above.add(word);
    GroupMembers resolved = resolveMembers(definition, above);
    above.remove(word);
    members.put(word, resolved);
    return resolved;
  }

  private GroupMembers resolveMembers(Definition definition, Set<String> above) {
    Set<PrincipalPattern> found = new LinkedHashSet<>();
    int depth = 0;
    for (LineWord name : new LinkedHashSet<>(definition.members)) {
      if (groups.containsKey(name.text())) {
        used.add(name.text());
        GroupMembers inner = resolveGroup(name.text(), above);
        depth = Math.max(depth, inner.depth);
        found.addAll(inner.principals);
      } else {
        found.addAll(principals(definition.line, name));
      }
    }
    if (depth == MAX_DEPTH) {
      error(definition.line, "more than " + MAX_DEPTH + " groups deep");
      return new GroupMembers(List.of(), 1);
    }
    countMembers(found.size());
    return new GroupMembers(List.copyOf(found), depth + 1);
  }

  private void countMembers(int count) {
    if (memberCount <= MAX_MEMBERS && memberCount + count > MAX_MEMBERS) {
      error(0, "all groups together have more than " + MAX_MEMBERS + " members");
    }
    memberCount += count;
  }

  /** Returns the principals that a word of a rule stands for; none after an error. */
  List<PrincipalPattern> principals(int number, LineWord who) {
    String text = who.text();
    if (who.is("anonymous")) {
      return List.of(PrincipalPattern.ANONYMOUS);
    }
    if (who.is("authenticated")) {
      return List.of(PrincipalPattern.AUTHENTICATED);
    }
    if (aliases.containsKey(text)) {
      used.add(text);
      return List.of(PrincipalPattern.alias(text));
    }
    if (groups.containsKey(text)) {
      used.add(text);
      return members.getOrDefault(text, GroupMembers.NONE).principals;
    }
    return typed(number, text);
  }

  private List<PrincipalPattern> typed(int number, String text) {
    if (WORD.matcher(text).matches()) {
      Set<String> known = new TreeSet<>(aliases.keySet());
      known.addAll(groups.keySet());
      known.addAll(List.of("anonymous", "authenticated"));
      error(
          number,
          quoted(text)
              + " (expected: an alias, a group or a name with its kind, such as token:"
              + text
              + (hints++ < RulesFile.MAX_SHOWN ? SpellingHint.of(text, known) : "")
              + ")");
      return List.of();
    }
    Optional<String> fault = PrincipalPattern.faultOf(text);
    if (fault.isPresent()) {
      error(number, quoted(text) + " (expected: " + fault.get() + ")");
      return List.of();
    }
    String alias = aliasByName.get(text);
    if (alias != null) {
      String message =
          quoted(text) + " is one credential of " + alias + "; this line is about no other of them";
      problems.add(new RulesProblem(number, Severity.WARNING, message));
    }
    return List.of(PrincipalPattern.typed(text));
  }

  boolean isAlias(String word) {
    return aliases.containsKey(word);
  }

  Map<String, String> aliasByName() {
    return aliasByName;
  }

  void warnOfUnused() {
    Map<String, Definition> all = new LinkedHashMap<>(aliases);
    all.putAll(groups);
    all.forEach(
        (word, definition) -> {
          if (!used.contains(word)) {
            problems.add(
                new RulesProblem(
                    definition.line, Severity.WARNING, quoted(word) + " is used by no rule"));
          }
        });
  }

  static String quoted(String text) {
    return '"' + text + '"';
  }

  private void error(int line, String message) {
    problems.add(new RulesProblem(line, Severity.ERROR, message));
  }
}
