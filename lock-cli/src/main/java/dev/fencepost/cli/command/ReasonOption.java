package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.lock.ForceReleaseCommand;
import picocli.CommandLine.Model.CommandSpec;

/** The option {@code --reason}, which an administrator's subcommands require. */
final class ReasonOption {
  private ReasonOption() {}

  static void describe(CommandSpec spec) {
    CommandOptions.value(spec, "--reason", "TEXT", "The reason, for the audit log and the holder.");
  }

  static String of(CommandInvocation invocation) {
    return ForceReleaseCommand.requireReason(
        invocation.text("--reason").orElseThrow(() -> new UsageException("--reason is missing")));
  }
}
