package dev.fencepost.cli;

import dev.fencepost.cli.console.CommandConsole;

/** The entry point of the {@code fencepost} process. */
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] words) {
    System.exit(new CommandDispatcher(CommandConsole.ofProcess()).run(words));
  }
}
