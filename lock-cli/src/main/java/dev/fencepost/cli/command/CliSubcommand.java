package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.OutputFormat;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** One word of the command line. */
public interface CliSubcommand {
  /** Adds the command's own options and parameters, and says what it does. */
  void describe(CommandSpec spec);

  /** The ways in which its answer can be written; the first is the default. */
  default Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT, OutputFormat.JSON);
  }

  /** Whether it talks to servers and so knows {@code --server} and {@code --timeout}. */
  default Reach reach() {
    return Reach.SERVERS;
  }

  /**
   * Does what it is for and returns the exit code.
   *
   * @throws InterruptedException if the process is to end before the answer
   */
  int run(CommandInvocation call) throws InterruptedException;

  /** How far a command goes. */
  enum Reach {
    /** Calls servers. */
    SERVERS,
    /** Stays in this process. */
    LOCAL
  }
}
