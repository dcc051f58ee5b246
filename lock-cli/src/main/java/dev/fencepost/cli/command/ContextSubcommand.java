package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandInvocation;
import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ConnectionOption;
import dev.fencepost.cli.console.ContextFile;
import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.UsageException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** {@code context}: keeps, by name, how servers are reached. */
final class ContextSubcommand implements CliSubcommand {
  @Override
  public void describe(CommandSpec spec) {
    spec.usageMessage()
        .description(
            "Keeps, by name, how servers are reached, in ~/.config/fencepost/contexts.yaml: add"
                + " NAME with options, use NAME, ls.");
    CommandOptions.parameter(spec, 0, "ACTION", "add, use or ls.");
    CommandOptions.optionalParameter(spec, 1, "NAME", "The context.");
    for (ConnectionOption option : ConnectionOption.values()) {
      CommandOptions.value(spec, option.flag(), option.label(), option.description() + ".");
    }
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
    ContextFile file = ContextFile.read(invocation.console());
    String action = invocation.parameter(0).orElse("");
    switch (action) {
      case "ls" -> list(invocation, file);
      case "use" -> {
        file.use(name(invocation));
        file.write();
      }
      case "add" -> {
        file.put(name(invocation), options(invocation));
        file.write();
      }
      default -> throw new UsageException("context " + action + ": expected add, use or ls");
    }
    return ExitCode.DONE.code();
  }

  private static String name(CommandInvocation invocation) {
    return invocation
        .parameter(1)
        .orElseThrow(() -> new UsageException("the name of the context is missing"));
  }

  private static Map<ConnectionOption, String> options(CommandInvocation invocation) {
    Map<ConnectionOption, String> options = new EnumMap<>(ConnectionOption.class);
    for (ConnectionOption option : ConnectionOption.values()) {
      invocation
          .text(option.flag())
          .ifPresent(
              value ->
                  options.put(
                      option,
                      option.isFile() ? Path.of(value).toAbsolutePath().toString() : value));
    }
    if (!options.containsKey(ConnectionOption.SERVER)) {
      throw new UsageException("--server is missing: a context names its servers");
    }
    return options;
  }

  private static void list(CommandInvocation invocation, ContextFile file) {
    for (String name : file.names()) {
      String mark = file.current().filter(name::equals).isPresent() ? "* " : "  ";
      invocation
          .console()
          .out()
          .println(mark + name + "  " + file.options(name).get(ConnectionOption.SERVER));
    }
  }
}
