package dev.fencepost.cli;

import dev.fencepost.cli.console.CommandConsole;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs command lines within this JVM and captures their output. */
final class CapturedCli {
  /** The exit code and the output of a command. */
  record Result(int code, String out, String err) {
    List<String> lines() {
      return out.lines().toList();
    }
  }

  private final Map<String, String> environment = new LinkedHashMap<>();

  /** Command lines for this server. */
  static CapturedCli of(FakeServer server) {
    return new CapturedCli().with("FENCEPOST_SERVER", server.address());
  }

  CapturedCli with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  Result run(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    CommandConsole console =
        new CommandConsole(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8),
            Map.copyOf(environment));
    int code = new CommandDispatcher(console).run(words);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
