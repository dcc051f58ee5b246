package dev.fencepost.cli.command;

import java.util.List;
import java.util.Optional;

/** The subcommands by name. Only the class of the one that runs is loaded. */
public final class SubcommandList {
  /** In the order of the help. */
  public static final List<String> NAMES =
      List.of(
          "run",
          "acquire",
          "renew",
          "release",
          "token",
          "validate",
          "advance",
          "inspect",
          "ls",
          "watch",
          "force-release",
          "reset-mark",
          "server",
          "schema",
          "context",
          "rules",
          "can",
          "bearer",
          "ping",
          "version",
          "completion");

  private SubcommandList() {}

  public static Optional<CliSubcommand> find(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "run" -> new RunSubcommand();
          case "acquire" -> new AcquireSubcommand();
          case "renew" -> new RenewSubcommand();
          case "release" -> new ReleaseSubcommand();
          case "token" -> new TokenSubcommand();
          case "validate" -> new ValidateSubcommand();
          case "advance" -> new AdvanceSubcommand();
          case "inspect" -> new InspectSubcommand();
          case "ls" -> new LsSubcommand();
          case "watch" -> new WatchSubcommand();
          case "force-release" -> new ForceReleaseSubcommand();
          case "reset-mark" -> new ResetMarkSubcommand();
          case "server" -> new ServerSubcommand();
          case "schema" -> new SchemaSubcommand();
          case "context" -> new ContextSubcommand();
          case "rules" -> new RulesSubcommand();
          case "can" -> new CanSubcommand();
          case "bearer" -> new BearerSubcommand();
          case "ping" -> new PingSubcommand();
          case "version" -> new VersionSubcommand();
          case "completion" -> new CompletionSubcommand();
          default -> null;
        });
  }
}
