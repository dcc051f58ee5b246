package dev.fencepost.server.security;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.server.security.RulesProblem.Severity;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Judges rules files for the command line: {@code rules check} and {@code can}. */
public final class RulesCommands {
  /** Exit code for yes, and for a file without errors. */
  private static final int YES = 0;

  /** Exit code for no. */
  private static final int NO = 1;

  /** Exit code for a file that cannot be read or has errors, as for any configuration. */
  private static final int CONFIGURATION = 78;

  private final PrintStream out;
  private final PrintStream err;

  /** Creates commands that print answers to {@code out} and faults to {@code err}. */
  public RulesCommands(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /**
   * Checks a file and prints its warnings and what each principal gains and loses.
   *
   * @param against file to compare with; empty: a file that allows nothing
   * @return the exit code: 0, or 78 if a file has errors
   */
  public int check(String file, Optional<String> against) {
    Optional<AccessRules> rules = read(file, Severity.WARNING);
    Optional<AccessRules> old =
        against.isPresent()
            ? read(against.get(), Severity.ERROR)
            : Optional.of(
                AccessRules.of(RulesParser.parse("version 1\n".getBytes(StandardCharsets.UTF_8))));
    if (rules.isEmpty() || old.isEmpty()) {
      return CONFIGURATION;
    }
    new RulesComparison(old.get(), rules.get()).lines().forEach(out::println);
    int count = rules.get().rules().size();
    out.println(file + ": valid, " + count + " rules, digest " + rules.get().digest());
    return YES;
  }

  /**
   * Answers whether a principal may do something, and prints the line that decides.
   *
   * @param target words after the operation: a name, {@code resource} and a name, or nothing
   * @return the exit code: 0 for yes, 1 for no, 78 if the file has errors
   * @throws InvalidValueException if the operation or the name is invalid
   */
  public int can(String file, String principal, String operation, List<String> target) {
    boolean isResource = target.size() == 2 && target.get(0).equals("resource");
    TargetKind kind =
        target.isEmpty() ? TargetKind.SERVER : isResource ? TargetKind.RESOURCE : TargetKind.LOCK;
    if (target.size() > (isResource ? 2 : 1)) {
      throw InvalidValueException.of(
          "name", String.join(" ", target), "NAME, resource NAME or nothing");
    }
    AccessQuestion question =
        AccessQuestion.of(operation, kind, target.isEmpty() ? "" : target.get(target.size() - 1));
    String who = principal.equals("anonymous") ? "" : principal;
    Optional<AccessRules> rules = read(file, Severity.ERROR);
    if (rules.isEmpty()) {
      return CONFIGURATION;
    }
    AccessDecision decision = rules.get().explain(who, question);
    boolean revoked = rules.get().isRevoked(who);
    boolean yes = decision.allowed() && !revoked;
    String line = decision.line().map(number -> file + ":" + number).orElse("no line of " + file);
    out.println((yes ? "yes: " : "no: ") + (revoked ? principal + " is revoked" : line));
    return yes ? YES : NO;
  }

  private Optional<AccessRules> read(String file, Severity least) {
    byte[] content;
    try {
      content = bytes(Path.of(file));
    } catch (NoSuchFileException e) {
      err.println("fencepost: " + file + ": there is no such file");
      return Optional.empty();
    } catch (IOException e) {
      err.println("fencepost: " + file + ": it cannot be read: " + e.getMessage());
      return Optional.empty();
    }
    RulesFile rules = RulesParser.parse(content);
    if (!rules.isValid()) {
      err.println(rules.describe(Severity.ERROR, file));
    }
    String warnings = rules.describe(Severity.WARNING, file);
    if (least == Severity.WARNING && !warnings.isEmpty()) {
      err.println(warnings);
    }
    return rules.isValid() ? Optional.of(AccessRules.of(rules)) : Optional.empty();
  }

  /** Reads at most one byte more than the parser takes, which refuses such a file. */
  static byte[] bytes(Path file) throws IOException {
    return ProtectedFile.read(file, RulesParser.MAX_BYTES + 1);
  }
}
