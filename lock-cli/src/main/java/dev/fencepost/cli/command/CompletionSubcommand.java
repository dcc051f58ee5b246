package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import java.util.EnumSet;
import java.util.Set;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** {@code completion}: prints the script that completes commands and options in a shell. */
final class CompletionSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Prints a completion script for bash and zsh: eval \"$(fencepost completion)\".");
  }

  @Override
  public Set<OutputFormat> formats() {
    return EnumSet.of(OutputFormat.TEXT);
  }

  @Override
  public Reach reach() {
    return Reach.LOCAL;
  }

  @Override
  public int run(CommandInvocation invocation) {
    invocation
        .console()
        .out()
        .print(AutoComplete.bash("fencepost", new CommandLine(CommandSpecs.whole())));
    return ExitCode.DONE.code();
  }
}
