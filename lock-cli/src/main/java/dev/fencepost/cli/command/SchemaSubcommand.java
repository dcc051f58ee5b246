package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import dev.fencepost.lock.spi.StoreConfigurationException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code schema}: prints the tables of a store, for an operator who creates them by hand. */
final class SchemaSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Prints the DDL of a store.");
    CommandOptions.value(spec, "--store", "URI", "The store, or just its kind: jdbc:postgresql:.");
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
    String store =
        invocation.text("--store").orElseThrow(() -> new UsageException("--store is missing"));
    try {
      invocation.console().out().print(ServerEntry.schema(store));
      return ExitCode.DONE.code();
    } catch (StoreConfigurationException e) {
      invocation.console().note(String.valueOf(e.getMessage()));
      return ExitCode.CONFIGURATION.code();
    }
  }
}
