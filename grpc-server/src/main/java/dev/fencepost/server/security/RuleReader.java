package dev.fencepost.server.security;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.server.security.LineWords.LineWord;
import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads one {@code allow} or {@code deny} line. Used once. */
final class RuleReader {
  private static final String FORM = "allow|deny WHO OPERATION, … [on [resource] NAME]";
  private static final int SHOWN_CHARS = 16;

  private final RuleWords words;
  private final List<RulesProblem> problems;
  private final int number;
  private boolean faulty;

  RuleReader(RuleWords words, List<RulesProblem> problems, int number) {
    this.words = words;
    this.problems = problems;
    this.number = number;
  }

  Optional<AccessRule> read(List<LineWord> line) {
    if (line.size() < 3) {
      error("the line is too short (expected: " + FORM + ")");
      return Optional.empty();
    }
    int known = problems.size();
    List<PrincipalPattern> who = words.principals(number, line.get(1));
    boolean whoFaulty = problems.stream().skip(known).anyMatch(p -> p.severity() == Severity.ERROR);
    int on = indexOfOn(line);
    Optional<List<LineWord>> operations =
        words.list(number, line.subList(2, on < 0 ? line.size() : on));
    if (operations.isEmpty()) {
      return Optional.empty();
    }
    List<LineWord> target = on < 0 ? List.of() : line.subList(on + 1, line.size());
    TargetKind kind = kind(on < 0, target);
    NamePattern name = name(kind, target);
    boolean allow = line.get(0).is("allow");
    Set<AccessOperation> all = operations(operations.get(), kind, allow);
    if (faulty || whoFaulty) {
      return Optional.empty();
    }
    return Optional.of(new AccessRule(number, allow, who, all, kind, name));
  }

  private static int indexOfOn(List<LineWord> line) {
    for (int i = 2; i < line.size(); i++) {
      if (line.get(i).is("on")) {
        return i;
      }
    }
    return -1;
  }

  private static TargetKind kind(boolean isServer, List<LineWord> target) {
    if (isServer) {
      return TargetKind.SERVER;
    }
    return target.size() > 1 && target.get(0).is("resource")
        ? TargetKind.RESOURCE
        : TargetKind.LOCK;
  }

  private NamePattern name(TargetKind kind, List<LineWord> target) {
    if (kind == TargetKind.SERVER) {
      return NamePattern.ALL;
    }
    int index = kind == TargetKind.RESOURCE ? 1 : 0;
    if (target.size() != index + 1) {
      error("after on stand " + target.size() + " words (expected: on [resource] NAME)");
      return NamePattern.ALL;
    }
    String text = target.get(index).text();
    try {
      // Resources have the same limits.
      NamePattern.parse(new LockName(text).value());
    } catch (InvalidValueException e) {
      error(String.valueOf(e.getMessage()));
    }
    NamePattern pattern = NamePattern.parse(text);
    warnOfName(pattern.reach() == NamePattern.Reach.ALL ? "" : pattern.text());
    return pattern;
  }

  private void warnOfName(String text) {
    if (text.indexOf('*') >= 0) {
      warn(
          RuleWords.quoted(text)
              + " has a *, which is an ordinary character there; below a prefix is PREFIX/**");
    }
    if (text.chars().anyMatch(c -> c >= 0x7f)) {
      StringBuilder shown = new StringBuilder();
      text.chars()
          .filter(c -> c >= 0x7f)
          .limit(SHOWN_CHARS)
          .forEach(c -> shown.append(String.format(java.util.Locale.ROOT, " U+%04X", c)));
      warn("the name has characters other than ASCII, which may look alike:" + shown);
    }
  }

  private Set<AccessOperation> operations(List<LineWord> names, TargetKind kind, boolean allow) {
    Set<AccessOperation> all = EnumSet.noneOf(AccessOperation.class);
    for (LineWord name : names) {
      if (name.is("*") && kind != TargetKind.SERVER) {
        all.addAll(star(kind, allow));
      } else if (name.is("use") && kind == TargetKind.LOCK) {
        all.addAll(AccessOperation.USE);
      } else {
        one(name.text(), kind).ifPresent(all::add);
      }
    }
    if (all.isEmpty() && !faulty) {
      error("no operation is left (expected: " + FORM + ")");
    }
    return all;
  }

  private static Set<AccessOperation> star(TargetKind kind, boolean allow) {
    Set<AccessOperation> all = AccessOperation.allOn(kind);
    if (allow) {
      all.removeAll(AccessOperation.NAMED_ONLY);
    }
    return all;
  }

  private Optional<AccessOperation> one(String word, TargetKind kind) {
    Optional<AccessOperation> operation = AccessOperation.of(word);
    if (operation.isPresent() && operation.get().appliesTo(kind)) {
      return operation;
    }
    boolean known = operation.isPresent() || word.equals("*") || word.equals("use");
    error(
        RuleWords.quoted(word)
            + " (expected: "
            + (known ? place(word) : operationHint(word))
            + ")");
    return Optional.empty();
  }

  private static String place(String word) {
    if (word.equals("*")) {
      return "on NAME after it";
    }
    Optional<AccessOperation> operation = AccessOperation.of(word);
    if (operation.isPresent() && operation.get().appliesTo(TargetKind.SERVER)) {
      return word + " without on, in a line of its own";
    }
    return operation.isPresent() && !operation.get().appliesTo(TargetKind.LOCK)
        ? word + " on resource NAME"
        : word + " on NAME; a resource has fence and reset";
  }

  private static String operationHint(String word) {
    List<String> all =
        new ArrayList<>(
            Arrays.stream(AccessOperation.values()).map(AccessOperation::word).toList());
    all.add("use");
    return "an operation" + SpellingHint.of(word, all);
  }

  private void error(String message) {
    faulty = true;
    problems.add(new RulesProblem(number, Severity.ERROR, message));
  }

  private void warn(String message) {
    problems.add(new RulesProblem(number, Severity.WARNING, message));
  }
}
