package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.OutputFormat;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** A subcommand of {@code fencepost}. */
public interface CliSubcommand {
  /** Adds the subcommand's description, options and parameters. */
  void describe(CommandSpec spec);

  /** The formats in which its answer can be printed; the first is the default. */
  default Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT, OutputFormat.JSON);
  }

  /** Whether it calls servers and so takes {@code --server} and {@code --timeout}. */
  default Reach reach() {
    return Reach.SERVERS;
  }

  /**
   * Runs the subcommand and returns the exit code.
   *
   * @throws InterruptedException if a signal ends the process before the answer
   */
  int run(CommandInvocation invocation) throws InterruptedException;

  /** Whether a subcommand leaves this process. */
  enum Reach {
    /** Calls servers. */
    SERVERS,
    /** Stays in this process. */
    LOCAL
  }
}
