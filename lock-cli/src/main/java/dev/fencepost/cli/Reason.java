package dev.fencepost.cli;

import dev.fencepost.lock.ForceReleaseCommand;
import picocli.CommandLine.Model.CommandSpec;

/** The option {@code --reason} of an administrator's acts, which is never left out. */
final class Reason {
  private Reason() {}

  static void describe(CommandSpec spec) {
    Options.value(spec, "--reason", "TEXT", "Why; written to the audit log and told to a holder.");
  }

  static String of(Invocation call) {
    return ForceReleaseCommand.requireReason(
        call.text("--reason").orElseThrow(() -> new UsageException("--reason is missing")));
  }
}
