package dev.fencepost.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Reads the processes in {@code /proc}, and sends signals to them. */
final class ProcessTable {
  private ProcessTable() {}

  private record Stat(long pid, String state, long parent, long group) {}

  /** The processes of a group that are alive. */
  static List<Long> members(long group) {
    return living().filter(stat -> stat.group() == group).map(Stat::pid).toList();
  }

  /** The living children of a process. */
  static List<Long> children(long parent) {
    return living().filter(stat -> stat.parent() == parent).map(Stat::pid).toList();
  }

  static boolean isStopped(long pid) {
    return living().anyMatch(stat -> stat.pid() == pid && stat.state().equals("T"));
  }

  /** Hundredths of a second since the machine started, as a shell reads them. */
  static long uptimeCentis() {
    String uptime = read(Path.of("/proc/uptime"));
    return Long.parseLong(uptime.substring(0, uptime.indexOf(' ')).replace(".", ""));
  }

  static void signal(String name, long pid) {
    try {
      int code =
          new ProcessBuilder("sh", "-c", "kill -s " + name + " -- " + pid)
              .inheritIO()
              .start()
              .waitFor();
      if (code != 0) {
        throw new AssertionError("cannot send " + name + " to " + pid);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Stream<Stat> living() {
    String[] names = Path.of("/proc").toFile().list();
    return Stream.of(names)
        .filter(name -> Character.isDigit(name.charAt(0)))
        .map(ProcessTable::stat)
        .filter(stat -> !stat.state().equals("Z") && !stat.state().equals("X"));
  }

  private static Stat stat(String pid) {
    String text;
    try {
      text = read(Path.of("/proc", pid, "stat"));
    } catch (UncheckedIOException e) {
      return new Stat(Long.parseLong(pid), "X", 0, 0);
    }
    String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
    return new Stat(
        Long.parseLong(pid), fields[0], Long.parseLong(fields[1]), Long.parseLong(fields[2]));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
