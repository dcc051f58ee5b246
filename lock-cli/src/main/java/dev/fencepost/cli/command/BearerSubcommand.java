package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code bearer new}: makes a static token for a client. */
final class BearerSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Makes a token. Prints it once, and then the line with its hash for the server's"
                + " identity.tokens-file. Nothing is stored.");
    CommandOptions.parameter(spec, 0, "new", "The only action.");
    CommandOptions.parameter(spec, 1, "NAME", "The client; its principal is token:NAME.");
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
    if (!invocation.parameter(0).orElse("").equals("new")) {
      throw new UsageException("bearer has one action: bearer new NAME");
    }
    String name = invocation.parameter(1).orElseThrow();
    ServerEntry.newBearer(name).forEach(invocation.console().out()::println);
    return ExitCode.DONE.code();
  }
}
