package dev.fencepost.cli.command;

import dev.fencepost.server.ServerMain;
import java.util.Map;

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
}
