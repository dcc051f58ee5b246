package dev.fencepost.cli;

import dev.fencepost.lock.spi.StoreConfigurationException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code schema}: the tables that a store needs, for those who create them themselves. */
final class SchemaSubcommand implements Subcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage().description("Prints the DDL of a store.");
    Options.value(spec, "--store", "URI", "The store, or just its kind: jdbc:postgresql:.");
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
  public int run(Invocation call) {
    String store = call.text("--store").orElseThrow(() -> new UsageException("--store is missing"));
    try {
      call.console().out().print(ServerEntry.schema(store));
      return ExitCode.DONE.code();
    } catch (StoreConfigurationException e) {
      call.console().note(String.valueOf(e.getMessage()));
      return ExitCode.CONFIGURATION.code();
    }
  }
}
