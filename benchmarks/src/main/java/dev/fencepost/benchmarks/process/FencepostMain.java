package dev.fencepost.benchmarks.process;

import dev.fencepost.server.ServerMain;
import java.util.HashMap;
import java.util.Map;

/** Fencepost's server, as {@code fencepost server} runs it. Arguments are {@code key=value}. */
public final class FencepostMain {
  private FencepostMain() {}

  /** Runs until it is stopped. */
  public static void main(String[] arguments) {
    Map<String, String> settings = new HashMap<>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      settings.put(argument.substring(0, equals), argument.substring(equals + 1));
    }
    System.exit(ServerMain.run(settings));
  }
}
