package dev.fencepost.server.security;

import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.List;

/** Warns of rules that are never in force because of one {@code deny}. Used once. */
final class DeadRules {
  /** Most pairs of principals that are compared, so that a large file is judged in a second. */
  private static final long MAX_COMPARISONS = 2_000_000;

  private final List<AccessRule> denials;
  private final List<RulesProblem> problems;
  private long comparisons;

  private DeadRules(List<AccessRule> denials, List<RulesProblem> problems) {
    this.denials = denials;
    this.problems = problems;
  }

  static void warn(List<AccessRule> rules, List<RulesProblem> problems) {
    List<AccessRule> denials = rules.stream().filter(rule -> !rule.allow()).toList();
    new DeadRules(denials, problems).warn(rules);
  }

  private void warn(List<AccessRule> rules) {
    for (AccessRule rule : rules) {
      if (rule.allow()) {
        warn(rule);
      }
      if (comparisons > MAX_COMPARISONS) {
        warn(0, "too many rules to find all that are never in force because of a deny");
        return;
      }
    }
  }

  private void warn(AccessRule rule) {
    for (AccessRule denial : denials) {
      comparisons += 1 + (long) denial.who().size() * rule.who().size();
      if (comparisons > MAX_COMPARISONS) {
        return;
      }
      if (denial.covers(rule)) {
        warn(rule.line(), "never in force because of the deny in line " + denial.line());
        return;
      }
    }
  }

  private void warn(int line, String message) {
    problems.add(new RulesProblem(line, Severity.WARNING, message));
  }
}
