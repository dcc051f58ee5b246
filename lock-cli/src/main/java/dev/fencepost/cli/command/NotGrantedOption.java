package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import picocli.CommandLine.Model.CommandSpec;

/** The option {@code -E}: the exit code for a lock that was not granted. */
final class NotGrantedOption {
  private static final int LARGEST = 255;

  private NotGrantedOption() {}

  static void describe(CommandSpec spec) {
    CommandOptions.value(
        spec, "-E", "CODE", "The exit code if the lock is not granted; default: 75.");
  }

  static int of(CommandInvocation invocation) {
    return invocation.number("-E", 0, LARGEST).orElse(ExitCode.NOT_GRANTED.code());
  }
}
