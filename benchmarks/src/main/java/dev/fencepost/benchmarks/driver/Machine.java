package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a run ran on: the machine, the versions, the settings. */
final class Machine {
  private static final Set<String> FOLDERS = Set.of("--out", "--reference");

  private static final List<String> PEERS =
      List.of(
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

  private Machine() {}

  /** Describes it before anything is started. */
  static Map<String, String> describe(List<String> arguments) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("command", "`benchmarks/run " + String.join(" ", withoutFolders(arguments)) + "`");
    all.put("when", Instant.now().truncatedTo(ChronoUnit.MINUTES).toString());
    all.put("commit", command("git", "rev-parse", "--short=12", "HEAD"));
    all.put("cores for everything", Integer.toString(Runtime.getRuntime().availableProcessors()));
    all.put("CPU", field(Path.of("/proc/cpuinfo"), "model name").orElse("unknown"));
    all.put("memory", memory());
    all.put("a synced write to the disk", DiskSync.describe());
    all.put("load before", read(Path.of("/proc/loadavg")).strip());
    all.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    all.put("Java", System.getProperty("java.runtime.version"));
    all.put("client JVMs", String.join(" ", World.Clients.ONE_EACH.jvm()));
    all.put("Fencepost's JVMs", String.join(" ", FencepostProcess.JVM));
    all.put("libraries", libraries());
    all.put(
        "settings of the peers",
        "defaults; leases 30 s (Curator: session 30 s); SQL peers: HikariCP with 16 connections,"
            + " advisory locks with 120; jetcd: one lease for each thread, kept alive;"
            + " waiters who poll: lettuce every 1 ms, INSERT/DELETE 2 ms, ShedLock 5 ms,"
            + " Spring 100 ms (its default)");
    return all;
  }

  private static String libraries() {
    String path = System.getProperty("surefire.test.class.path");
    path = path == null ? System.getProperty("java.class.path", "") : path;
    return Arrays.stream(path.split(":", -1))
        .map(jar -> JAR.matcher(Path.of(jar).getFileName().toString()))
        .filter(Matcher::matches)
        .filter(jar -> PEERS.contains(jar.group(1)))
        .map(jar -> jar.group(1) + " " + jar.group(2))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static String memory() {
    return field(Path.of("/proc/meminfo"), "MemTotal")
        .map(total -> Long.parseLong(total.split(" ", -1)[0]) / KIB_PER_GIB + " GiB")
        .orElse("unknown");
  }

  private static Optional<String> field(Path file, String name) {
    return read(file)
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  /** Where the report goes is nobody else's business. */
  private static List<String> withoutFolders(List<String> arguments) {
    List<String> rest = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      if (FOLDERS.contains(arguments.get(i))) {
        i++;
      } else {
        rest.add(arguments.get(i));
      }
    }
    return rest;
  }

  private static String command(String... words) {
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }
}
