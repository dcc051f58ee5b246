package dev.fencepost.server.security;

import dev.fencepost.server.security.LineWords.LineWord;
import dev.fencepost.server.security.RulesProblem.Severity;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code revoke} lines. Not thread-safe. */
final class RevokeLines {
  private static final Pattern FINGERPRINT = Pattern.compile("sha256:[0-9a-fA-F]{64}");
  private static final String FORM = "revoke PRINCIPAL, revoke cert sha256:HEX or revoke jwt-id ID";

  private final RuleWords words;
  private final List<RulesProblem> problems;
  private final Map<String, Integer> principals = new LinkedHashMap<>();
  private final Set<String> certificates = new HashSet<>();
  private final Set<String> tokenIds = new HashSet<>();

  RevokeLines(RuleWords words, List<RulesProblem> problems) {
    this.words = words;
    this.problems = problems;
  }

  void read(int number, List<LineWord> line) {
    if (line.size() == 2 && !line.get(1).is("cert") && !line.get(1).is("jwt-id")) {
      principals.putIfAbsent(line.get(1).text(), number);
    } else if (line.size() == 3 && line.get(1).is("cert")) {
      readCertificate(number, line.get(2).text());
    } else if (line.size() == 3 && line.get(1).is("jwt-id")) {
      tokenIds.add(line.get(2).text());
    } else {
      error(number, "expected: " + FORM);
    }
  }

  private void readCertificate(int number, String fingerprint) {
    if (FINGERPRINT.matcher(fingerprint).matches()) {
      certificates.add(fingerprint.substring("sha256:".length()).toLowerCase(Locale.ROOT));
    } else {
      error(number, RuleWords.quoted(fingerprint) + " (expected: sha256: and 64 hex digits)");
    }
  }

  /** Checks the principals against the aliases. Call it after all lines are read. */
  RevokedCredentials resolve() {
    principals.forEach(
        (name, number) -> {
          if (words.isAlias(name)) {
            return;
          }
          Optional<String> fault =
              name.indexOf('*') >= 0
                  ? Optional.of("an exact name or an alias")
                  : PrincipalPattern.faultOf(name).map(expected -> "an alias, or " + expected);
          fault.ifPresent(
              expected -> error(number, RuleWords.quoted(name) + " (expected: " + expected + ")"));
        });
    return new RevokedCredentials(principals.keySet(), certificates, tokenIds);
  }

  private void error(int line, String message) {
    problems.add(new RulesProblem(line, Severity.ERROR, message));
  }
}
