package dev.fencepost.cli;

import java.util.List;
import java.util.Optional;

/** The words of the command line. Only the one that is called is ever loaded. */
final class Commands {
  /** In the order of the help. */
  static final List<String> NAMES =
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
          "ping",
          "version",
          "completion");

  private Commands() {}

  static Optional<Command> find(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "run" -> new RunCommand();
          case "acquire" -> new AcquireCommand();
          case "renew" -> new RenewCommand();
          case "release" -> new ReleaseCommand();
          case "token" -> new TokenCommand();
          case "validate" -> new ValidateCommand();
          case "advance" -> new AdvanceCommand();
          case "inspect" -> new InspectCommand();
          case "ls" -> new LsCommand();
          case "watch" -> new WatchCommand();
          case "force-release" -> new ForceReleaseCommand();
          case "reset-mark" -> new ResetMarkCommand();
          case "server" -> new ServerCommand();
          case "schema" -> new SchemaCommand();
          case "ping" -> new PingCommand();
          case "version" -> new VersionCommand();
          case "completion" -> new CompletionCommand();
          default -> null;
        });
  }
}
