package dev.fencepost.testkit.process;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A private store as processes of its own: on one free port of the loopback address, which it keeps
 * over restarts, with its data in a temporary folder, which is deleted when it is closed.
 *
 * <p>A store that cannot be started is an {@link IllegalStateException} that says what is missing;
 * never a test left out. Safe for use by many threads.
 */
public abstract class StoreProcess implements AutoCloseable {

  /**
   * The time after which a store's processes are killed in any case; the system property {@code
   * fencepost.process.bound} sets another duration, such as {@code PT2H}.
   */
  public static final Duration BOUND =
      Duration.parse(System.getProperty("fencepost.process.bound", "PT30M"));

  /** System property: where the folders of stores are made, instead of the usual place. */
  static final String FOLDER = "fencepost.process.folder";

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PROBE_EVERY = Duration.ofMillis(50);
  private static final int SHOWN_LOG_CHARS = 3000;

  private final String kind;
  private final Path folder;
  private final int port;
  private Optional<ProcessTree> running = Optional.empty();
  private boolean prepared;
  private boolean paused;

  /**
   * Makes a store that is not started yet.
   *
   * @param kind its name in the temporary folder's name and in messages
   */
  protected StoreProcess(String kind) {
    this.kind = kind;
    this.port = FreePort.next();
    try {
      Path parent = Path.of(System.getProperty(FOLDER, System.getProperty("java.io.tmpdir")));
      this.folder = Files.createTempDirectory(parent, "fencepost-" + kind + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes the data folder before the first start. */
  protected abstract void prepare();

  /** The command that runs the store in the foreground. */
  protected abstract List<String> command();

  /** Whether the store answers. */
  protected abstract boolean answers();

  /** The signal, without SIG, that ends the store in good order at once. */
  protected abstract String stopSignal();

  /** The port of the loopback address on which the store listens. */
  public final int port() {
    return port;
  }

  /** The temporary folder. */
  public final Path folder() {
    return folder;
  }

  /** Starts the store and waits until it answers; does nothing if it runs. */
  public final synchronized void start() {
    if (running.filter(ProcessTree::isAlive).isPresent()) {
      return;
    }
    if (!prepared) {
      prepare();
      prepared = true;
    }
    ProcessBuilder command =
        new ProcessBuilder(command())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
    ProcessTree tree = ProcessTree.start(command, BOUND);
    running = Optional.of(tree);
    paused = false;
    awaitAnswer(tree);
  }

  /** Ends the store in good order and waits until it is gone. */
  public final synchronized void stop() {
    resume();
    running.ifPresent(
        tree -> {
          tree.signal(stopSignal());
          tree.awaitExit();
        });
    running = Optional.empty();
  }

  /** SIGKILL to all of the store's processes; waits until they are gone. */
  public final synchronized void kill() {
    running.ifPresent(ProcessTree::kill);
    running = Optional.empty();
    paused = false;
  }

  /** Stops in good order and starts again. */
  public final synchronized void restart() {
    stop();
    start();
  }

  /** SIGSTOP to all of the store's processes: they keep their connections and say nothing. */
  public final synchronized void pause() {
    requireRunning().pause();
    paused = true;
  }

  /** SIGCONT; does nothing if the store is not paused. */
  public final synchronized void resume() {
    if (paused) {
      requireRunning().resume();
      paused = false;
    }
  }

  /** Repairs the effects of a test: the store runs and answers afterwards. */
  public final synchronized void heal() {
    resume();
    start();
  }

  /** Kills the store and deletes its folder. */
  @Override
  public final synchronized void close() {
    kill();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ProcessTree requireRunning() {
    return running
        .filter(ProcessTree::isAlive)
        .orElseThrow(() -> new IllegalStateException(kind + " is not running" + logTail()));
  }

  private void awaitAnswer(ProcessTree tree) {
    try {
      await(kind + " to answer on port " + port)
          .atMost(PATIENCE)
          .pollDelay(PROBE_EVERY)
          .pollInterval(PROBE_EVERY)
          .until(() -> !tree.isAlive() || answers());
    } catch (ConditionTimeoutException e) {
      throw new IllegalStateException(kind + " does not answer" + logTail(), e);
    }
    if (!tree.isAlive()) {
      throw new IllegalStateException(kind + " ended while it started" + logTail());
    }
  }

  private Path log() {
    return folder.resolve("log");
  }

  private String logTail() {
    try {
      String log = Files.readString(log(), StandardCharsets.UTF_8);
      return "; its log ends:\n" + log.substring(Math.max(0, log.length() - SHOWN_LOG_CHARS));
    } catch (IOException e) {
      return "; it has no log";
    }
  }
}
