package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code rules check}: judges a rules file before a server reads it. */
final class RulesSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Checks a rules file. Prints its faults and warnings, and what each principal gains and"
                + " loses.");
    CommandOptions.parameter(spec, 0, "check", "The only action.");
    CommandOptions.parameter(spec, 1, "FILE", "The rules file.");
    CommandOptions.value(
        spec, "--against", "OLD", "The rules in force; default: rules that allow nothing.");
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
    if (!invocation.parameter(0).orElse("").equals("check")) {
      throw new UsageException("rules has one action: rules check FILE");
    }
    return ServerEntry.checkRules(
        invocation.console(), invocation.parameter(1).orElseThrow(), invocation.text("--against"));
  }
}
