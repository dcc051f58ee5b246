package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.lock.ForceReleaseCommand;
import picocli.CommandLine.Model.CommandSpec;

/** The option {@code --reason} of an administrator's acts, which is never left out. */
final class ReasonOption {
  private ReasonOption() {}

  static void describe(CommandSpec spec) {
    CommandOptions.value(
        spec, "--reason", "TEXT", "Why; written to the audit log and told to a holder.");
  }

  static String of(CommandInvocation call) {
    return ForceReleaseCommand.requireReason(
        call.text("--reason").orElseThrow(() -> new UsageException("--reason is missing")));
  }
}
