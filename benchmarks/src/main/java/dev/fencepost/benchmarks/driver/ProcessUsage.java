package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the CPU time, threads and heap of processes, from {@code /proc} and {@code jcmd}. */
final class ProcessUsage {
  private static final double TICKS_PER_SECOND = 100;

  /** The fields after the command's name: user, system, and both for ended children. */
  private static final int FIRST_FIELD = 11;

  private static final int LAST_FIELD = 14;

  private ProcessUsage() {}

  /** Returns the CPU seconds of the processes and their descendants; 0 for an ended process. */
  static double cpuSeconds(List<Long> pids) {
    return pids.stream()
        .map(ProcessHandle::of)
        .flatMap(Optional::stream)
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
        .mapToDouble(process -> cpuSeconds(process.pid()))
        .sum();
  }

  /** Returns the number of threads. */
  static int threadCount(long pid) {
    return read(pid, "status")
        .lines()
        .filter(line -> line.startsWith("Threads:"))
        .mapToInt(line -> Integer.parseInt(line.substring("Threads:".length()).strip()))
        .findFirst()
        .orElse(0);
  }

  /** Returns the children of this process whose command line contains the tag. */
  static List<Long> childrenWith(String tag) {
    return ProcessHandle.current()
        .children()
        .map(ProcessHandle::pid)
        .filter(pid -> read(pid, "cmdline").contains(tag))
        .toList();
  }

  /** Returns the bytes of all reachable objects of a JVM, after a collection. */
  static long liveHeapBytes(long pid) {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    try {
      Process process =
          new ProcessBuilder(jcmd.toString(), Long.toString(pid), "GC.class_histogram")
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return text.lines()
          .filter(line -> line.startsWith("Total"))
          .map(line -> line.trim().split("\\s+", -1)[2])
          .mapToLong(Long::parseLong)
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("jcmd printed: " + text));
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + jcmd, e);
    }
  }

  private static double cpuSeconds(long pid) {
    String stat = read(pid, "stat");
    int name = stat.lastIndexOf(')');
    if (name < 0) {
      return 0;
    }
    String[] fields = stat.substring(name + 2).split(" ", -1);
    return Arrays.stream(fields, FIRST_FIELD, LAST_FIELD + 1).mapToLong(Long::parseLong).sum()
        / TICKS_PER_SECOND;
  }

  private static String read(long pid, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), file));
    } catch (IOException e) {
      return "";
    }
  }
}
