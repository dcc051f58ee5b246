package dev.fencepost.cli.command;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.server.ServerMain;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.security.RulesCommands;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The entry to the server, and the only class of this module that refers to it. Subcommands that do
 * not start a server therefore load none of its classes.
 */
final class ServerEntry {
  private ServerEntry() {}

  static int run(Map<String, String> settings) {
    return ServerMain.run(settings);
  }

  static int check(Map<String, String> settings) {
    return ServerMain.check(settings);
  }

  static String schema(String storeUri) {
    return ServerMain.schema(storeUri);
  }

  static int checkRules(CommandConsole console, String file, Optional<String> against) {
    return new RulesCommands(console.out(), console.err()).check(file, against);
  }

  static int can(
      CommandConsole console, String file, String who, String operation, List<String> target) {
    return new RulesCommands(console.out(), console.err()).can(file, who, operation, target);
  }

  /** Returns a new token, and the line with its hash. */
  static List<String> newBearer(String name) {
    StaticToken token = StaticToken.create(name, new SecureRandom());
    return List.of(token.text(), token.line());
  }
}
