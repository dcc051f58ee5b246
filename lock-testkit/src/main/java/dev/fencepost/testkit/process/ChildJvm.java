package dev.fencepost.testkit.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A main class of this JVM's class path, run as a separate process that can be paused and killed.
 * Its output is read line by line; its errors go to this JVM's. Thread-safe.
 */
public final class ChildJvm implements AutoCloseable {

  /** Most unread lines; beyond it the child blocks in its print. */
  public static final int MAX_UNREAD_LINES = 100_000;

  private static final String END = new String("end of output");

  private final ProcessTree tree;
  private final Writer input;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>(MAX_UNREAD_LINES);

  private ChildJvm(ProcessTree tree) {
    this.tree = tree;
    this.input = tree.process().outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * Starts the class.
   *
   * @param jvmOptions options of the JVM, for example {@code -Xmx64m}
   * @param main the class with the main method
   * @param arguments its arguments
   */
  public static ChildJvm start(List<String> jvmOptions, Class<?> main, String... arguments) {
    return start(Map.of(), jvmOptions, main, arguments);
  }

  /**
   * Like the other, with additional environment variables.
   *
   * @param variables for example {@code LD_PRELOAD}
   */
  public static ChildJvm start(
      Map<String, String> variables, List<String> jvmOptions, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", classPath(), main.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(variables);
    ChildJvm child = new ChildJvm(ProcessTree.start(builder, StoreProcess.BOUND));
    Thread reader = new Thread(child::read, "output of " + main.getSimpleName());
    reader.setDaemon(true);
    reader.start();
    return child;
  }

  /** The process id. */
  public long pid() {
    return tree.process().pid();
  }

  /** Whether it runs, paused or not. */
  public boolean isAlive() {
    return tree.isAlive();
  }

  /**
   * Returns the next matching line; lines before it are dropped.
   *
   * @throws AssertionError if it ends, or the time is over, before it printed one
   */
  public String awaitLine(Predicate<String> wanted, Duration within) {
    long deadlineNanos = System.nanoTime() + within.toNanos();
    List<String> dropped = new ArrayList<>();
    while (true) {
      Optional<String> line = poll(deadlineNanos - System.nanoTime());
      if (line.isEmpty()) {
        throw new AssertionError("no such line within " + within + "; read: " + dropped);
      }
      if (isEnd(line.get())) {
        lines.add(END);
        throw new AssertionError("it ended without such a line; read: " + dropped);
      }
      if (wanted.test(line.get())) {
        return line.get();
      }
      dropped.add(line.get());
    }
  }

  /** All lines until it ends. */
  public List<String> remainingLines(Duration within) {
    long deadlineNanos = System.nanoTime() + within.toNanos();
    List<String> read = new ArrayList<>();
    while (true) {
      String line =
          poll(deadlineNanos - System.nanoTime())
              .orElseThrow(() -> new AssertionError("it did not end within " + within));
      if (isEnd(line)) {
        lines.add(END);
        return read;
      }
      read.add(line);
    }
  }

  /** Writes a line to its standard input. */
  public void send(String line) {
    try {
      input.write(line + "\n");
      input.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGSTOP. */
  public void pause() {
    tree.pause();
  }

  /** SIGCONT. */
  public void resume() {
    tree.resume();
  }

  /** SIGTERM: its shutdown hooks run; waits until it is gone. */
  public int terminate() {
    tree.signal("TERM");
    tree.awaitExit();
    return tree.process().exitValue();
  }

  /** Waits until it ends by itself, and returns the exit code. */
  public int awaitExit() {
    tree.awaitExit();
    return tree.process().exitValue();
  }

  /** SIGKILL; waits until it is gone. */
  public void kill() {
    tree.kill();
  }

  /** Kills it. */
  @Override
  public void close() {
    kill();
  }

  private Optional<String> poll(long nanos) {
    try {
      return Optional.ofNullable(lines.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reading from a child", e);
    }
  }

  private void read() {
    try (BufferedReader output = tree.process().inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.put(line);
      }
      lines.put(END);
    } catch (IOException e) {
      // A killed child's pipe may break in the middle of a line: that is its end.
      lines.add(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @SuppressWarnings("ReferenceEquality") // A child may print the same words.
  private static boolean isEnd(String line) {
    return line == END;
  }

  private static String classPath() {
    return Optional.ofNullable(System.getProperty("surefire.test.class.path"))
        .orElseGet(() -> System.getProperty("java.class.path"));
  }
}
