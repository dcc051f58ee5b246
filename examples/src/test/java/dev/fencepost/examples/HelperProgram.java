package dev.fencepost.examples;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A test program in any language that reads commands line by line. For one thread. */
final class HelperProgram implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Process process;
  private final Writer input;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /** Starts the program and waits until it prints {@code ready}. */
  HelperProgram(Map<String, String> environment, List<String> command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    process = builder.start();
    input = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "output of " + command.get(0));
    reader.setDaemon(true);
    reader.start();
    awaitLine("ready");
  }

  /** Runs a command to its end and returns its output. */
  static String run(Path folder, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + printed);
    }
    return printed;
  }

  /** Sends a command and returns the rest of the next line that begins with the word. */
  String request(String command, String word) {
    send(command);
    return awaitLine(word);
  }

  void send(String command) {
    try {
      input.write(command + "\n");
      input.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the rest of the next line that begins with the word; a {@code failed} line fails. */
  String awaitLine(String word) {
    long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      String line = poll(deadlineNanos - System.nanoTime());
      if (line.equals(word) || line.startsWith(word + " ")) {
        return line.substring(word.length()).strip();
      }
      if (line.startsWith("failed")) {
        throw new AssertionError(line);
      }
    }
  }

  /** Waits for the next command that fails and returns its message. */
  String awaitFailure() {
    try {
      throw new IllegalStateException("output: " + awaitLine("anything"));
    } catch (AssertionError e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Sends SIGSTOP and waits until the process is stopped. */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
    Path stat = Path.of("/proc", "" + process.pid(), "stat");
    await().until(() -> Files.readString(stat).matches("(?s).*\\) T .*"));
  }

  /** Sends SIGCONT. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  private void signal(String name) throws IOException, InterruptedException {
    run(Path.of("."), Map.of(), List.of("kill", "-" + name, "" + process.pid()));
  }

  private String poll(long nanos) {
    try {
      String line = lines.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS);
      if (line == null) {
        throw new AssertionError("no more output");
      }
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      output.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      // The program was killed.
    }
    lines.add("failed: the program has ended");
  }
}
