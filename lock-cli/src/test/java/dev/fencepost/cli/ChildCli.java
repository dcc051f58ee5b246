package dev.fencepost.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The command line as a process of its own. */
final class ChildCli implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final Path out;
  private final Path err;

  private ChildCli(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** Starts a command line; its output goes to files in the folder. */
  static ChildCli start(Path folder, String server, String... words) {
    String[] all = new String[words.length + 2];
    all[0] = "--server";
    all[1] = server;
    System.arraycopy(words, 0, all, 2, words.length);
    return startLocal(folder, all);
  }

  /** Starts a command line that calls no server. */
  static ChildCli startLocal(Path folder, String... words) {
    try {
      Path out = Files.createTempFile(folder, "out", ".txt");
      Path err = Files.createTempFile(folder, "err", ".txt");
      // A shell that runs the tests in the background may ignore SIGINT or SIGHUP, and children
      // inherit that.
      List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,HUP,TERM"));
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m"));
      command.addAll(List.of("-cp", classPath(), Main.class.getName()));
      command.addAll(List.of(words));
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      return new ChildCli(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Writes to the standard input of the process and closes it. */
  void send(String text) {
    try (var writer = process.outputWriter()) {
      writer.write(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int awaitExit() {
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("still running after a minute; it said: " + err());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  String out() {
    return read(out);
  }

  String err() {
    return read(err);
  }

  /** Kills the process; the watchdog of a {@code run} ends the rest. */
  @Override
  public void close() {
    process.destroyForcibly();
    awaitExit();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String classPath() {
    return Optional.ofNullable(System.getProperty("surefire.test.class.path"))
        .orElseGet(() -> System.getProperty("java.class.path"));
  }
}
