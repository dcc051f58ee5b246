package dev.fencepost.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as users get it. */
class StandaloneIT {
  private static final Path TARGET = Path.of("target");

  @TempDir private Path folder;

  @Test
  void jar_holdsNothingUnderAnotherName() throws IOException {
    try (JarFile jar = new JarFile(standalone().toFile())) {
      List<String> classes =
          jar.stream().map(JarEntry::getName).filter(name -> name.endsWith(".class")).toList();
      assertThat(classes).hasSizeGreaterThan(1_000);
      assertThat(classes).allMatch(name -> name.startsWith("dev/fencepost/client/"));
      assertThat(jar.stream().map(JarEntry::getName))
          .filteredOn(name -> name.startsWith("META-INF/services/") && !name.endsWith("/"))
          .isNotEmpty()
          .allMatch(name -> name.startsWith("META-INF/services/dev.fencepost.client.shaded."));
      assertThat(jar.getEntry("META-INF/THIRD-PARTY.txt")).isNotNull();
    }
  }

  @Test
  void pom_namesWhatUsersSeeOnly() throws IOException {
    String pom = Files.readString(Path.of("dependency-reduced-pom.xml"));
    assertThat(pom.split("<scope>compile</scope>", -1)).as("lock-api, jspecify, slf4j").hasSize(4);
    assertThat(pom).doesNotContain("<artifactId>grpc-okhttp", "<artifactId>lock-proto");
  }

  @Test
  void oldGrpcNettyProtobufGuavaAndKotlin_areNoConflict() throws Exception {
    Map<String, String> flags =
        Map.of("store", "h2:" + folder, "listen", "127.0.0.1:0", "http-listen", "off");
    try (FencepostServer server = FencepostServer.start(ServerConfig.load(flags, Map.of()))) {
      String printed =
          run(
              "127.0.0.1:" + server.port(),
              "io.grpc.ManagedChannel",
              "io.netty.util.Version",
              "com.google.protobuf.Message",
              "com.google.common.base.Strings",
              "okio.Okio",
              "kotlin.Unit");
      assertThat(printed.lines().filter(line -> line.contains(" from ")))
          .hasSize(6)
          .allMatch(line -> line.contains("/target/conflicting/"));
      assertThat(printed).containsPattern("token \\d+").contains("free true");
      assertThat(printed).doesNotContain("Exception");
    }
  }

  private static String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-cp", classPath(), OrdersProgram.class.getName()));
    command.addAll(Arrays.asList(arguments));
    Path output = Files.createTempFile("orders", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("the program ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String printed = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(printed).isZero();
    return printed;
  }

  /**
   * The class path: first the conflicting versions of a user's build, then the jar and the
   * dependencies of its pom, then the program.
   */
  private static String classPath() throws IOException {
    List<String> path = new ArrayList<>();
    try (Stream<Path> old = Files.list(TARGET.resolve("conflicting"))) {
      old.forEach(jar -> path.add(jar.toAbsolutePath().toString()));
    }
    path.add(standalone().toAbsolutePath().toString());
    for (String needed : List.of("lock-api", "jspecify", "slf4j-api")) {
      path.add(onOwnClassPath(needed));
    }
    path.add(TARGET.resolve("test-classes").toAbsolutePath().toString());
    return String.join(File.pathSeparator, path);
  }

  private static String onOwnClassPath(String artifact) {
    String own =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Stream.of(own.split(File.pathSeparator))
        .filter(
            entry -> entry.contains("/" + artifact + "/") || entry.contains("/" + artifact + "-"))
        .findFirst()
        .orElseThrow();
  }

  private static Path standalone() throws IOException {
    try (Stream<Path> files = Files.list(TARGET)) {
      return files
          .filter(file -> file.getFileName().toString().matches("fencepost-client-.*\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }
}
