package dev.fencepost.cli.console;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Adds options to a command. Method calls instead of annotations save reflection at the start of
 * every command.
 */
public final class CommandOptions {
  private CommandOptions() {}

  /** An option with a value. */
  public static void value(CommandSpec spec, String name, String label, String description) {
    spec.addOption(
        OptionSpec.builder(name)
            .type(String.class)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** An option with a value that may be given several times. */
  public static void values(CommandSpec spec, String name, String label, String description) {
    spec.addOption(
        OptionSpec.builder(name)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** An option without a value. */
  public static void flag(CommandSpec spec, String name, String description) {
    spec.addOption(
        OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build());
  }

  /** A required parameter. */
  public static void parameter(CommandSpec spec, int index, String label, String description) {
    spec.addPositional(positional(index, "1", label, description));
  }

  /** An optional parameter. */
  public static void optionalParameter(
      CommandSpec spec, int index, String label, String description) {
    spec.addPositional(positional(index, "0..1", label, description));
  }

  /** All parameters from an index on. */
  public static void rest(CommandSpec spec, int index, String label, String description) {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index(index + "..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** The options {@code --claim} and {@code --token}, which name a grant. */
  public static void grant(CommandSpec spec) {
    value(spec, "--claim", "ID", "The claim; default: FENCEPOST_CLAIM, which ps does not show.");
    token(spec, "The grant's token; default: FENCEPOST_TOKEN.");
  }

  public static void token(CommandSpec spec, String description) {
    value(spec, "--token", "T", description);
  }

  /** The name of a lock, optional if the environment names one. */
  public static void lockByDefault(CommandSpec spec) {
    optionalParameter(spec, 0, "NAME", "The lock; default: FENCEPOST_LOCK.");
  }

  private static PositionalParamSpec positional(
      int index, String arity, String label, String description) {
    return PositionalParamSpec.builder()
        .index(String.valueOf(index))
        .arity(arity)
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }
}
