package dev.fencepost.server.security;

import dev.fencepost.server.security.RulesProblem.Severity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a rules file again and again and keeps the last valid rules. {@link #poll} belongs to one
 * thread; the snapshot may be read by any.
 */
public final class RulesReloader {
  private static final Logger LOG = LoggerFactory.getLogger(RulesReloader.class);

  private final Path file;
  private byte[] judged;
  private byte[] lastRead;
  private boolean unreadable;
  private int refusedCount;
  private volatile Snapshot snapshot;

  /**
   * Rules with their place in the order of all that were in force.
   *
   * @param rules rules in force
   * @param generation number that rises with each exchange, from 1
   */
  public record Snapshot(AccessRules rules, long generation) {}

  /** A rules file cannot be used at the start. */
  public static final class RulesFileException extends Exception {
    private static final long serialVersionUID = 1L;

    RulesFileException(String message) {
      super(message);
    }
  }

  private RulesReloader(Path file, byte[] content, AccessRules rules) {
    this.file = file;
    this.judged = content;
    this.lastRead = content;
    this.snapshot = new Snapshot(rules, 1);
  }

  /**
   * Reads the file for the first time.
   *
   * @throws RulesFileException if it cannot be read or has errors, with all of them
   */
  public static RulesReloader load(Path file) throws RulesFileException {
    byte[] content;
    try {
      content = RulesCommands.bytes(file);
    } catch (IOException e) {
      throw new RulesFileException(file + ": it cannot be read: " + e);
    }
    RulesFile rules = RulesParser.parse(content);
    if (!rules.isValid()) {
      throw new RulesFileException(rules.describe(Severity.ERROR, file.toString()));
    }
    logWarnings(file, rules);
    return new RulesReloader(file, content, AccessRules.of(rules));
  }

  /** Returns the rules in force. */
  public Snapshot snapshot() {
    return snapshot;
  }

  /**
   * Reads the file and puts it in force if its content is new and valid. New content counts once
   * two reads in a row were equal, so that no file counts that is half written. A file with errors,
   * or one that cannot be read, changes nothing and is reported once.
   *
   * @return true if other rules are in force than before
   */
  public boolean poll() {
    byte[] content;
    try {
      content = RulesCommands.bytes(file);
    } catch (IOException e) {
      if (!unreadable) {
        LOG.error("the rules file cannot be read; the old rules stay in force: {}", e.toString());
      }
      unreadable = true;
      return false;
    }
    unreadable = false;
    boolean isStable = Arrays.equals(content, lastRead);
    lastRead = content;
    if (!isStable || Arrays.equals(content, judged)) {
      return false;
    }
    judged = content;
    RulesFile rules = RulesParser.parse(content);
    if (!rules.isValid()) {
      LOG.error(
          "the rules file has errors; the old rules stay in force:\n{}",
          rules.describe(Severity.ERROR, file.toString()));
      refusedCount++;
      return false;
    }
    if (rules.digest().equals(snapshot.rules().digest())) {
      return false;
    }
    logWarnings(file, rules);
    String former = snapshot.rules().digest();
    snapshot = new Snapshot(AccessRules.of(rules), snapshot.generation() + 1);
    LOG.info("rules {} → {}", former, rules.digest());
    return true;
  }

  /** Returns how often new content had errors. Belongs to the thread that polls. */
  public int refusedCount() {
    return refusedCount;
  }

  private static void logWarnings(Path file, RulesFile rules) {
    String warnings = rules.describe(Severity.WARNING, file.toString());
    if (!warnings.isEmpty()) {
      LOG.warn("the rules file has warnings:\n{}", warnings);
    }
  }
}
