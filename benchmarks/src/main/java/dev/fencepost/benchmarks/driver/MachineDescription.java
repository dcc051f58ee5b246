package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Describes the machine, the versions and the settings of a run. */
final class MachineDescription {
  private static final Pattern FOLDER_OPTION = Pattern.compile("--(out|reference) \\S+ ?");
  private static final Set<String> LIBRARIES =
      Set.of(
          "redisson",
          "lettuce-core",
          "curator-recipes",
          "zookeeper",
          "jetcd-core",
          "shedlock-core",
          "spring-integration-jdbc",
          "HikariCP",
          "postgresql",
          "mariadb-java-client",
          "h2",
          "grpc-netty",
          "grpc-okhttp",
          "netty-transport",
          "protobuf-java");
  private static final Pattern JAR = Pattern.compile("(.+?)-(\\d.*)\\.jar");
  private static final long KIB_PER_GIB = 1024 * 1024;

  private static final int SYNCS = 300;
  private static final int SYNC_BYTES = 512;
  private static final double NANOS_PER_MILLI = 1e6;

  private MachineDescription() {}

  /** Describes the run before any other process is started. */
  static Map<String, String> describe(List<String> arguments) {
    Map<String, String> all = new LinkedHashMap<>();
    String options = FOLDER_OPTION.matcher(String.join(" ", arguments)).replaceAll("").strip();
    all.put("command", "`" + ("benchmarks/run " + options).strip() + "`");
    all.put("when", Instant.now().truncatedTo(ChronoUnit.MINUTES).toString());
    all.put("commit", runCommand("git", "rev-parse", "--short=12", "HEAD"));
    all.put("cores for everything", Integer.toString(Runtime.getRuntime().availableProcessors()));
    all.put("CPU", readField(Path.of("/proc/cpuinfo"), "model name"));
    all.put("memory", memory());
    all.put("a synced write to the disk", measureSyncs());
    all.put("load before", read(Path.of("/proc/loadavg")).strip());
    all.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    all.put("Java", System.getProperty("java.runtime.version"));
    all.put("client JVMs", String.join(" ", RunProcesses.Clients.ONE_EACH.clientFlags()));
    all.put("Fencepost's JVMs", String.join(" ", FencepostProcess.FLAGS));
    all.put("libraries", libraries());
    all.put(
        "settings of the peers",
        "defaults; leases 30 s (Curator: session 30 s); SQL peers: HikariCP with 16 connections,"
            + " advisory locks with 120; jetcd: one lease for each thread, kept alive;"
            + " waiters that poll: lettuce every 1 ms, INSERT/DELETE 2 ms, ShedLock 5 ms,"
            + " Spring 100 ms (its default)");
    return all;
  }

  /**
   * Times the append and sync of a few bytes, as most stores do for every write, on the disk of the
   * temporary folder, where the stores keep their data. One reason why runs differ.
   */
  private static String measureSyncs() {
    try {
      Path file = Files.createTempFile("fencepost-sync", null);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        long[] nanos = new long[SYNCS];
        for (int i = 0; i < SYNCS; i++) {
          long startNanos = System.nanoTime();
          channel.write(ByteBuffer.allocate(SYNC_BYTES));
          channel.force(false);
          nanos[i] = System.nanoTime() - startNanos;
        }
        Arrays.sort(nanos);
        return String.format(
            Locale.ROOT,
            "%.2f ms for %d bytes (median of %d; 99 of 100 within %.2f ms)",
            nanos[SYNCS / 2] / NANOS_PER_MILLI,
            SYNC_BYTES,
            SYNCS,
            nanos[SYNCS * 99 / 100] / NANOS_PER_MILLI);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      return "not measured: " + e;
    }
  }

  private static String libraries() {
    String path = System.getProperty("surefire.test.class.path");
    path = path == null ? System.getProperty("java.class.path", "") : path;
    return Arrays.stream(path.split(":", -1))
        .map(jar -> JAR.matcher(Path.of(jar).getFileName().toString()))
        .filter(Matcher::matches)
        .filter(jar -> LIBRARIES.contains(jar.group(1)))
        .map(jar -> jar.group(1) + " " + jar.group(2))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static String memory() {
    String kib = readField(Path.of("/proc/meminfo"), "MemTotal").replaceAll("\\D", "");
    return kib.isEmpty() ? "unknown" : Long.parseLong(kib) / KIB_PER_GIB + " GiB";
  }

  private static String readField(Path file, String name) {
    return read(file)
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static String runCommand(String... words) {
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }
}
