package dev.fencepost.server.security;

import dev.fencepost.server.security.LineWords.LineWord;
import dev.fencepost.server.security.LineWords.QuoteException;
import dev.fencepost.server.security.RulesProblem.Severity;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Parses a rules file and collects every fault with its line. The order of the lines means nothing.
 */
public final class RulesParser {
  /** Largest file. */
  public static final int MAX_BYTES = 1024 * 1024;

  static final int MAX_LINES = 10_000;

  /**
   * Most principals of all rules, so that the rights of one caller are compiled in milliseconds.
   */
  private static final int MAX_PRINCIPALS = 1_000_000;

  private static final int DIGEST_CHARS = 16;
  private static final String BYTE_ORDER_MARK = "\uFEFF";
  private static final List<String> STATEMENTS =
      List.of("allow", "deny", "alias", "group", "revoke");

  private final List<RulesProblem> problems = new ArrayList<>();
  private final RuleWords words = new RuleWords(problems);
  private final RevokeLines revokes = new RevokeLines(words, problems);
  private final List<RuleLine> lines = new ArrayList<>();

  private RulesParser() {}

  /** A line that allows or denies, before its words are resolved. */
  private record RuleLine(int number, List<LineWord> words) {}

  /** Parses the bytes of a file. The result has all problems. */
  public static RulesFile parse(byte[] content) {
    return new RulesParser().read(content);
  }

  private RulesFile read(byte[] content) {
    decode(content).ifPresent(this::readText);
    words.resolve();
    List<AccessRule> rules = new ArrayList<>();
    for (RuleLine line : lines) {
      new RuleReader(words, problems, line.number).read(line.words).ifPresent(rules::add);
    }
    requireFewPrincipals(rules);
    RevokedCredentials revoked = revokes.resolve();
    words.warnOfUnused();
    DeadRules.warn(rules, problems);
    problems.sort(Comparator.comparingInt(RulesProblem::line));
    Map<String, String> aliases = new HashMap<>(words.aliasByName());
    return new RulesFile(rules, aliases, revoked, problems, digest(content));
  }

  private Optional<String> decode(byte[] content) {
    if (content.length > MAX_BYTES) {
      error(0, content.length + " bytes (expected: at most " + MAX_BYTES + ")");
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString());
    } catch (CharacterCodingException e) {
      error(0, "the file is not UTF-8");
      return Optional.empty();
    }
  }

  private void readText(String text) {
    String[] all = text.split("\n", -1);
    if (all.length > MAX_LINES + 1) {
      error(0, all.length + " lines (expected: at most " + MAX_LINES + ")");
      return;
    }
    boolean versionSeen = false;
    for (int i = 0; i < all.length; i++) {
      int number = i + 1;
      List<LineWord> line = split(number, all[i]);
      if (line.isEmpty()) {
        continue;
      }
      if (versionSeen) {
        readStatement(number, line);
      } else {
        requireVersion(number, line);
        versionSeen = true;
      }
    }
    if (!versionSeen) {
      error(0, "the file is empty (expected: version 1)");
    }
  }

  private List<LineWord> split(int number, String raw) {
    String line = raw.endsWith("\r") ? raw.substring(0, raw.length() - 1) : raw;
    if (line.chars().anyMatch(c -> Character.isISOControl(c) && c != '\t')) {
      error(number, "a control character");
      return List.of();
    }
    try {
      return LineWords.split(line);
    } catch (QuoteException e) {
      error(number, String.valueOf(e.getMessage()));
      return List.of();
    }
  }

  private void requireVersion(int number, List<LineWord> line) {
    if (number == 1 && line.get(0).text().startsWith(BYTE_ORDER_MARK)) {
      error(number, "the file begins with a byte order mark (expected: version 1)");
      return;
    }
    boolean right = line.size() == 2 && line.get(0).is("version") && line.get(1).is("1");
    if (!right) {
      error(number, "the first line is another one (expected: version 1)");
      if (STATEMENTS.stream().anyMatch(line.get(0)::is)) {
        readStatement(number, line);
      }
    }
  }

  private void readStatement(int number, List<LineWord> line) {
    String keyword = line.get(0).text();
    if (line.get(0).quoted()) {
      error(
          number,
          RuleWords.quoted(keyword)
              + " (expected: one of "
              + String.join(", ", STATEMENTS)
              + ", not in quotes)");
      return;
    }
    switch (keyword) {
      case "allow", "deny" -> lines.add(new RuleLine(number, line));
      case "alias" -> words.readAlias(number, line);
      case "group" -> words.readGroup(number, line);
      case "revoke" -> revokes.read(number, line);
      default ->
          error(
              number,
              RuleWords.quoted(keyword)
                  + " (expected: one of "
                  + String.join(", ", STATEMENTS)
                  + SpellingHint.of(keyword, STATEMENTS)
                  + ")");
    }
  }

  private void requireFewPrincipals(List<AccessRule> rules) {
    if (rules.stream().mapToLong(rule -> rule.who().size()).sum() > MAX_PRINCIPALS) {
      error(0, "the rules are about more than " + MAX_PRINCIPALS + " principals in all");
    }
  }

  private void error(int line, String message) {
    problems.add(new RulesProblem(line, Severity.ERROR, message));
  }

  private static String digest(byte[] content) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(hash).substring(0, DIGEST_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
