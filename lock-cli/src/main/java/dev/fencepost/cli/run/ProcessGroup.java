package dev.fencepost.cli.run;

import dev.fencepost.cli.console.TerminationSignals;
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

/** A command and all that it started and that did not leave its process group. */
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
    boolean started = false;
    try {
      watchdog.lease(times);
      List<String> arguments = new ArrayList<>(List.of(Long.toString(watchdog.pid())));
      arguments.addAll(command);
      ProcessBuilder builder = DetachedScript.of("leader.sh", "fencepost", arguments).inheritIO();
      builder.environment().putAll(variables);
      ProcessGroup group = new ProcessGroup(builder.start(), watchdog, killAfter);
      started = true;
      return group;
    } finally {
      if (!started) {
        watchdog.dismiss();
      }
    }
  }

  /** Calls back when the command itself has exited; others of the group may live on. */
  void whenExited(Runnable action) {
    Thread waiter =
        new Thread(
            () -> {
              try {
                leader.waitFor();
                action.run();
              } catch (InterruptedException e) {
                // Nobody interrupts it.
              }
            },
            "exit");
    waiter.setDaemon(true);
    waiter.start();
  }

  boolean hasExited() {
    return !leader.isAlive();
  }

  /** The command's exit code, 128+n if the signal n ended it. */
  int exitCode() {
    return leader.exitValue();
  }

  /** Lets the watchdog know of a renewal; a watchdog that somebody killed is replaced. */
  void prolong(LeaseTimes times) throws IOException {
    if (!watchdog.lease(times)) {
      watchdog = GroupWatchdog.start(killAfter);
      watchdog.watch(leader.pid());
      watchdog.lease(times);
    }
  }

  /** Passes a signal on to the whole group. */
  void signal(TerminationSignals.Kind kind) {
    if (!watchdog.signal(kind.name())) {
      members().forEach(ProcessHandle::destroy);
    }
  }

  /** Asks the whole group to end, stopped processes included. */
  void terminate() {
    signal(TerminationSignals.Kind.TERM);
    watchdog.signal("CONT");
  }

  /** Ends the whole group, at once by the watchdog and then one by one. */
  void kill() {
    if (!watchdog.signal("KILL")) {
      killOneByOne();
    }
  }

  /** Ends what a signal to the group did not reach. */
  void killOneByOne() {
    members().forEach(ProcessHandle::destroyForcibly);
  }

  /** Sends the watchdog away. Only for a group that is no more. */
  void close() {
    watchdog.dismiss();
  }

  /** A living process of the group that a signal would not reach. */
  OptionalLong unreachable() {
    SignalRights rights = SignalRights.ofThisProcess();
    return members().stream().mapToLong(ProcessHandle::pid).filter(rights::isForeign).findAny();
  }

  boolean isGone() {
    return members().isEmpty();
  }

  /** The living processes of the group; the dead that nobody has buried yet do not count. */
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

  /** State, parent, group and more: what stands behind the name, which may hold anything. */
  private static Optional<String[]> stat(String pid) {
    try {
      byte[] bytes = Files.readAllBytes(PROC.resolve(pid + File.separator + "stat"));
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      return Optional.of(text.substring(text.lastIndexOf(')') + 2).split(" ", -1));
    } catch (IOException e) {
      // It ended while we looked.
      return Optional.empty();
    }
  }
}
