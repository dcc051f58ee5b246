package dev.fencepost.testkit.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs short commands to their end. */
final class ShellCommands {

  private static final long PATIENCE_SECONDS = 60;

  private ShellCommands() {}

  /** Runs a command that must succeed; answers what it printed. */
  static String run(List<String> command) {
    Result result = finish(command);
    if (result.status() != 0) {
      throw new IllegalStateException(
          String.join(" ", command) + " ended with " + result.status() + ": " + result.printed());
    }
    return result.printed();
  }

  /** Runs a command that may fail; answers whether it succeeded. */
  static boolean runTolerant(List<String> command) {
    return finish(command).status() == 0;
  }

  /** Returns the command, run without administrator rights: some stores refuse to run as root. */
  static List<String> unprivileged(String user, List<String> command) {
    List<String> whole =
        new ArrayList<>(
            List.of("setpriv", "--reuid=" + user, "--regid=" + groupOf(user), "--clear-groups"));
    whole.addAll(command);
    return whole;
  }

  static boolean isAdministrator() {
    return run(List.of("id", "-u")).strip().equals("0");
  }

  static boolean userExists(String user) {
    return runTolerant(List.of("id", "-u", user));
  }

  private static String groupOf(String user) {
    return run(List.of("id", "-g", user)).strip();
  }

  private static Result finish(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String printed =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(String.join(" ", command) + " does not end");
      }
      return new Result(process.exitValue(), printed);
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + String.join(" ", command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted in " + String.join(" ", command), e);
    }
  }

  private record Result(int status, String printed) {}
}
