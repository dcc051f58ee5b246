package dev.fencepost.server.security;

import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A rules file as it was read.
 *
 * @param rules lines that allow or deny
 * @param aliasByName alias of each typed name that has one
 * @param revoked credentials that are refused whatever they are allowed
 * @param problems faults and warnings, by line
 * @param digest 16 hex digits of the SHA-256 of its bytes
 */
public record RulesFile(
    List<AccessRule> rules,
    Map<String, String> aliasByName,
    RevokedCredentials revoked,
    List<RulesProblem> problems,
    String digest) {
  /** Most problems of one kind that are shown. */
  static final int MAX_SHOWN = 50;

  /** Copies the collections. */
  public RulesFile {
    rules = List.copyOf(rules);
    aliasByName = Map.copyOf(aliasByName);
    problems = List.copyOf(problems);
  }

  /** Returns true if the file may take effect. */
  public boolean isValid() {
    return problems.stream().noneMatch(each -> each.severity() == Severity.ERROR);
  }

  /** Returns the problems of one kind, one for each line, and no more than a screen of them. */
  public String describe(Severity severity, String file) {
    List<RulesProblem> some = problems.stream().filter(p -> p.severity() == severity).toList();
    String rest = some.size() > MAX_SHOWN ? "\nand " + (some.size() - MAX_SHOWN) + " more" : "";
    return some.stream()
        .limit(MAX_SHOWN)
        .map(each -> each.at(file))
        .collect(Collectors.joining("\n", "", rest));
  }
}
