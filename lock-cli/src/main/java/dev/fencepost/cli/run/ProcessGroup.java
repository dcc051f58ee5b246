package dev.fencepost.cli.run;

import dev.fencepost.cli.console.CommandSignals;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** A command and all its child processes that did not leave its process group. */
final class ProcessGroup {
  private static final Path PROC = Path.of("/proc");
  private static final int GROUP_FIELD = 2;

  private final Process leader;
  private final Duration killAfter;
  private volatile GroupWatchdog watchdog;

  private ProcessGroup(Process leader, GroupWatchdog watchdog, Duration killAfter) {
    this.leader = leader;
    this.watchdog = watchdog;
    this.killAfter = killAfter;
  }

  /**
   * Starts a command with our own standard input, output and error.
   *
   * @throws IOException if there is no {@code setsid} or no shell; a command that cannot be
   *     executed exits with 126 or 127
   */
  static ProcessGroup start(
      List<String> command, Map<String, String> variables, LeaseTimes times, Duration killAfter)
      throws IOException {
    GroupWatchdog watchdog = GroupWatchdog.start(killAfter);
    boolean isStarted = false;
    try {
      watchdog.setLease(times);
      List<String> arguments = new ArrayList<>(List.of(Long.toString(watchdog.pid())));
      arguments.addAll(command);
      ProcessBuilder builder = DetachedScript.of("leader.sh", "fencepost", arguments).inheritIO();
      builder.environment().putAll(variables);
      ProcessGroup group = new ProcessGroup(builder.start(), watchdog, killAfter);
      isStarted = true;
      return group;
    } finally {
      if (!isStarted) {
        watchdog.stop();
      }
    }
  }

  /** Calls back when the command itself has exited; other processes of the group may live on. */
  void whenExited(Runnable action) {
    Thread waiter =
        new Thread(
            () -> {
              try {
                leader.waitFor();
                action.run();
              } catch (InterruptedException e) {
                // This thread is never interrupted.
              }
            },
            "exit");
    waiter.setDaemon(true);
    waiter.start();
  }

  boolean hasExited() {
    return !leader.isAlive();
  }

  /** The command's exit code; 128+n if signal n ended it. */
  int exitCode() {
    return leader.exitValue();
  }

  /** Passes a renewal on to the watchdog; a watchdog that was killed is replaced. */
  void extendLease(LeaseTimes times) throws IOException {
    if (!watchdog.setLease(times)) {
      watchdog = GroupWatchdog.start(killAfter);
      watchdog.setGroup(leader.pid());
      watchdog.setLease(times);
    }
  }

  /** Passes a signal on to the whole group. */
  void signal(CommandSignals.Kind kind) {
    if (!watchdog.signal(kind.name())) {
      members().forEach(ProcessHandle::destroy);
    }
  }

  /** Sends TERM to the whole group, and CONT for its stopped processes. */
  void terminate() {
    signal(CommandSignals.Kind.TERM);
    watchdog.signal("CONT");
  }

  /** Sends KILL to the whole group through the watchdog, or without one to each process. */
  void kill() {
    if (!watchdog.signal("KILL")) {
      killOneByOne();
    }
  }

  /** Sends KILL to each process that a signal to the group did not reach. */
  void killOneByOne() {
    members().forEach(ProcessHandle::destroyForcibly);
  }

  /** Stops the watchdog. Only for a group without living processes. */
  void close() {
    watchdog.stop();
  }

  /** Finds a living process of the group that we may not signal. */
  OptionalLong findUnreachable() {
    SignalRights rights = SignalRights.ofThisProcess();
    return members().stream().mapToLong(ProcessHandle::pid).filter(rights::isForeign).findAny();
  }

  boolean isGone() {
    return members().isEmpty();
  }

  /** The living processes of the group, without zombies. */
  private List<ProcessHandle> members() {
    String[] names = PROC.toFile().list();
    List<ProcessHandle> members = new ArrayList<>();
    for (String name : names == null ? new String[0] : names) {
      if (Character.isDigit(name.charAt(0)) && isMember(name)) {
        ProcessHandle.of(Long.parseLong(name)).ifPresent(members::add);
      }
    }
    return members;
  }

  private boolean isMember(String pid) {
    return stat(pid)
        .map(
            fields ->
                !fields[0].equals("Z")
                    && !fields[0].equals("X")
                    && fields[GROUP_FIELD].equals(Long.toString(leader.pid())))
        .orElse(false);
  }

  /** The fields after the name, which may contain anything: state, parent, group and more. */
  private static Optional<String[]> stat(String pid) {
    try {
      byte[] bytes = Files.readAllBytes(PROC.resolve(pid + File.separator + "stat"));
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      return Optional.of(text.substring(text.lastIndexOf(')') + 2).split(" ", -1));
    } catch (IOException e) {
      // The process has ended meanwhile.
      return Optional.empty();
    }
  }
}
