package dev.fencepost.server.security;

import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.List;

/** Warns of rules that are never in force because of one {@code deny}. */
final class DeadRules {
  private DeadRules() {}

  static void warn(List<AccessRule> rules, List<RulesProblem> problems) {
    List<AccessRule> denials = rules.stream().filter(rule -> !rule.allow()).toList();
    for (AccessRule rule : rules) {
      if (rule.allow()) {
        denials.stream()
            .filter(denial -> denial.covers(rule))
            .findFirst()
            .ifPresent(
                denial ->
                    problems.add(
                        new RulesProblem(
                            rule.line(),
                            Severity.WARNING,
                            "never in force because of the deny in line " + denial.line())));
      }
    }
  }
}
