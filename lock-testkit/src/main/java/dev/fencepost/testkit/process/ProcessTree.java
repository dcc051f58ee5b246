package dev.fencepost.testkit.process;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A process that this JVM started, with all its descendants, tied to the life of this JVM by a
 * guard: a shell that holds a pipe from here and kills the process when the pipe closes or the
 * bound is over. So nothing is left behind, even by a JVM that was killed.
 */
final class ProcessTree {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String GUARD = "timeout \"$2\" cat >/dev/null; kill -KILL \"$1\"";

  private final Process process;
  private final Process guard;
  private final Thread hook;

  private ProcessTree(Process process, Process guard) {
    this.process = process;
    this.guard = guard;
    this.hook = new Thread(this::kill, "kill " + process.pid());
  }

  static ProcessTree start(ProcessBuilder command, Duration bound) {
    try {
      Process process = command.start();
      ProcessTree tree = new ProcessTree(process, guard(process, bound));
      Runtime.getRuntime().addShutdownHook(tree.hook);
      return tree;
    } catch (IOException e) {
      throw new IllegalStateException("cannot start " + command.command(), e);
    }
  }

  Process process() {
    return process;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Sends a signal to the first process only. */
  void signal(String name) {
    send(name, List.of(process.toHandle()));
  }

  /** SIGSTOP to all, parents first, so that no child is born unseen. */
  void pause() {
    List<ProcessHandle> stopped = new ArrayList<>();
    List<ProcessHandle> running = handles();
    while (!running.isEmpty()) {
      send("STOP", running);
      stopped.addAll(running);
      running = handles().stream().filter(handle -> !stopped.contains(handle)).toList();
    }
  }

  void resume() {
    List<ProcessHandle> childrenFirst = new ArrayList<>(handles());
    java.util.Collections.reverse(childrenFirst);
    send("CONT", childrenFirst);
  }

  /** SIGKILL to all, and waits until they are gone. */
  void kill() {
    List<ProcessHandle> doomed = handles();
    doomed.forEach(ProcessHandle::destroyForcibly);
    awaitExit(doomed);
    release();
  }

  /** Waits until the process and its descendants ended by themselves. */
  void awaitExit() {
    awaitExit(handles());
    release();
  }

  private List<ProcessHandle> handles() {
    ProcessHandle first = process.toHandle();
    return Stream.concat(Stream.of(first), first.descendants())
        .filter(ProcessHandle::isAlive)
        .toList();
  }

  private void release() {
    guard.destroyForcibly();
    if (Thread.currentThread() != hook) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM is going down already; the hook finds nothing left to do.
      }
    }
  }

  private static Process guard(Process process, Duration bound) throws IOException {
    return new ProcessBuilder(
            "sh", "-c", GUARD, "guard", Long.toString(process.pid()), bound.toSeconds() + "s")
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static void send(String signal, List<ProcessHandle> handles) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "kill -" + signal + " \"$@\"", "-"));
    handles.forEach(handle -> command.add(Long.toString(handle.pid())));
    if (!handles.isEmpty()) {
      ShellCommands.runTolerant(command);
    }
  }

  private static void awaitExit(List<ProcessHandle> handles) {
    for (ProcessHandle handle : handles) {
      try {
        handle.onExit().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while process " + handle.pid() + " ends", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IllegalStateException("process " + handle.pid() + " does not end", e);
      }
    }
  }
}
