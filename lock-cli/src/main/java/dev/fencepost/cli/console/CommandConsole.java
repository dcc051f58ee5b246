package dev.fencepost.cli.console;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * The output streams and the environment of a command.
 *
 * @param out takes the answer and nothing else
 * @param err takes everything else
 * @param environment the variables of the process
 */
public record CommandConsole(PrintStream out, PrintStream err, Map<String, String> environment) {
  /** The console of this process; both streams write UTF-8 whatever the locale. */
  public static CommandConsole ofProcess() {
    return new CommandConsole(utf8(FileDescriptor.out), utf8(FileDescriptor.err), System.getenv());
  }

  /** Prints a note to standard error. */
  public void note(String text) {
    err.println("fencepost: " + text);
    err.flush();
  }

  /** The value of a variable; empty if it is unset or an empty string. */
  public Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }
}
