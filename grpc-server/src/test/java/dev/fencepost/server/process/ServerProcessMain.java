package dev.fencepost.server.process;

import dev.fencepost.server.ServerMain;
import java.util.HashMap;
import java.util.Map;

/** Runs a server with the settings {@code key=value} that are its arguments. */
final class ServerProcessMain {
  private ServerProcessMain() {}

  public static void main(String[] arguments) {
    Map<String, String> settings = new HashMap<>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      settings.put(argument.substring(0, equals), argument.substring(equals + 1));
    }
    System.setErr(System.out);
    int exit = ServerMain.run(settings);
    System.out.println("exit " + exit);
    System.exit(exit);
  }
}
