package dev.fencepost.server.process;

import dev.fencepost.server.ServerMain;
import java.util.HashMap;
import java.util.Map;

/** Runs a server. The arguments are its settings as {@code key=value}. */
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
