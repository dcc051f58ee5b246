package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandOptions;
import dev.fencepost.cli.console.ConnectionOption;
import dev.fencepost.cli.console.OutputFormat;
import dev.fencepost.cli.console.ServerAddress;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options of each subcommand: its own, and those global ones that apply to it. */
public final class CommandSpecs {
  private static final Set<String> GLOBAL_WITH_VALUE =
      Stream.concat(
              Stream.of("--context", "--timeout", "-o"),
              Arrays.stream(ConnectionOption.values()).map(ConnectionOption::flag))
          .collect(Collectors.toUnmodifiableSet());

  private CommandSpecs() {}

  /** The specification of one subcommand. */
  public static CommandSpec of(String name, CliSubcommand command) {
    CommandSpec spec = CommandSpec.create().name("fencepost " + name);
    command.describe(spec);
    if (command.reach() == CliSubcommand.Reach.SERVERS) {
      for (ConnectionOption option : ConnectionOption.values()) {
        CommandOptions.value(
            spec,
            option.flag(),
            option.label(),
            option.description() + "; default: " + option.variable() + ", else the context.");
      }
      CommandOptions.value(
          spec,
          "--context",
          "NAME",
          "How servers are reached, by a name; default: FENCEPOST_CONTEXT, else the current one,"
              + " else "
              + ServerAddress.DEFAULT
              + ".");
      CommandOptions.value(spec, "--timeout", "D", "How long an answer may take; default: 5s.");
    }
    if (command.formats().size() > 1) {
      String formats =
          command.formats().stream().map(OutputFormat::word).collect(Collectors.joining("|"));
      CommandOptions.value(spec, "-o", formats, "How to write the answer; default: text.");
    }
    spec.addOption(
        OptionSpec.builder("-h", "--help")
            .type(boolean.class)
            .arity("0")
            .usageHelp(true)
            .description("Shows this.")
            .build());
    return spec;
  }

  /** All subcommands below one root. */
  public static CommandSpec whole() {
    CommandSpec root = CommandSpec.create().name("fencepost");
    for (String name : SubcommandList.NAMES) {
      root.addSubcommand(name, of(name, SubcommandList.find(name).orElseThrow()));
    }
    return root;
  }

  /** The number of words that a global option takes, itself included. */
  public static int words(String option) {
    return GLOBAL_WITH_VALUE.contains(option) ? 2 : 1;
  }
}
