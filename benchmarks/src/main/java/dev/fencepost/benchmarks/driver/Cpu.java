package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** CPU seconds that processes have used, those of their children included, from {@code /proc}. */
final class Cpu {
  private static final double TICKS_PER_SECOND = 100;

  /** Fields behind the command's name: user, system, and those of children that ended. */
  private static final int FIRST = 11;

  private static final int LAST = 14;

  private Cpu() {}

  /** All that the processes and their descendants used so far; 0 for one that is gone. */
  static double seconds(List<Long> pids) {
    return pids.stream()
        .map(ProcessHandle::of)
        .flatMap(Optional::stream)
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
        .mapToDouble(process -> seconds(process.pid()))
        .sum();
  }

  /** How many threads a process has. */
  static int threads(long pid) {
    return read(pid, "status")
        .lines()
        .filter(line -> line.startsWith("Threads:"))
        .mapToInt(line -> Integer.parseInt(line.substring("Threads:".length()).strip()))
        .findFirst()
        .orElse(0);
  }

  /** The children of this process whose command line has the mark. */
  static List<Long> childrenWith(String mark) {
    return ProcessHandle.current()
        .children()
        .map(ProcessHandle::pid)
        .filter(pid -> read(pid, "cmdline").contains(mark))
        .toList();
  }

  private static double seconds(long pid) {
    String stat = read(pid, "stat");
    int name = stat.lastIndexOf(')');
    if (name < 0) {
      return 0;
    }
    String[] fields = stat.substring(name + 2).split(" ", -1);
    long ticks = 0;
    for (int i = FIRST; i <= LAST; i++) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks / TICKS_PER_SECOND;
  }

  private static String read(long pid, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), file));
    } catch (IOException e) {
      return "";
    }
  }
}
