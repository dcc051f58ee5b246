package dev.fencepost.cli.command;

import dev.fencepost.server.ServerMain;
import java.util.Map;

/**
 * The door to the server, the only class here that mentions it: no command but those that need a
 * server loads any of its classes.
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
