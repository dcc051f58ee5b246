package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code can}: answers from a rules file whether a principal may do something. */
final class CanSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Says whether a principal may do something: yes (exit code 0) or no (1), and the line"
                + " of the rules that decides.");
    CommandOptions.parameter(spec, 0, "PRINCIPAL", "A typed name, an alias or anonymous.");
    CommandOptions.parameter(spec, 1, "OPERATION", "For example acquire.");
    CommandOptions.rest(
        spec, 2, "NAME", "The lock, or the word resource and a resource; none: the server.");
    CommandOptions.value(spec, "--rules", "FILE", "The rules file.");
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
    String file =
        invocation.text("--rules").orElseThrow(() -> new UsageException("--rules is missing"));
    return ServerEntry.can(
        invocation.console(),
        file,
        invocation.parameter(0).orElseThrow(),
        invocation.parameter(1).orElseThrow(),
        invocation.parametersFrom(2));
  }
}
