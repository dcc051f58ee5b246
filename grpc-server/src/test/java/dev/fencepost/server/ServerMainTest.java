package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages for operators when a server does not start. */
class ServerMainTest {
  @TempDir private Path folder;

  @Test
  void portInUse_isOneLineAndExit78() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      String address = "127.0.0.1:" + taken.getLocalPort();

      List<String> said =
          complaint(ServerMain::run, Map.of("store", "h2:" + folder, "listen", address));

      assertThat(said)
          .containsExactly("fencepost: listen: " + address + " is in use by another process");
    }
  }

  @Test
  void refusalUnderJson_isAnObjectLikeTheRest() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      String address = "127.0.0.1:" + taken.getLocalPort();

      Captured captured =
          capture(
              ServerMain::run,
              Map.of("store", "h2:" + folder, "listen", address, "log.format", "json"));

      assertThat(captured.exit).isEqualTo(78);
      assertThat(captured.err.lines()).allMatch(line -> line.matches("\\{.*}"));
      assertThat(captured.err)
          .contains("\"message\":\"listen: " + address + " is in use by another process\"");
    }
  }

  @Test
  void dataFolderBelowAFile_isOneLineAndExit78() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "x");

    List<String> said =
        complaint(
            ServerMain::run,
            Map.of(
                "store", "h2:" + file.resolve("data"),
                "listen", "127.0.0.1:0",
                "http-listen", "off"));

    assertThat(said).singleElement().asString().startsWith("fencepost: store folder " + file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "check"})
  void unknownStore_listsTheKnownOnes(String command) throws Exception {
    List<String> said = complaint(command(command), Map.of("store", "mongodb://h/db"));

    assertThat(said)
        .singleElement()
        .asString()
        .startsWith("fencepost: store: \"mongodb://h/db\" is no store that this server knows")
        .contains("h2:./fencepost-data");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "check"})
  void brokenYaml_isOneLineWithItsPlace(String command) throws Exception {
    Path file = Files.writeString(folder.resolve("broken.yaml"), "lease:\n  max-ttl: [1m\n");

    List<String> said = complaint(command(command), Map.of("config", file.toString()));

    assertThat(said)
        .singleElement()
        .asString()
        .startsWith("fencepost: config: ")
        .contains(file + ":");
  }

  @Test
  void severalFaults_areAllListed() throws Exception {
    List<String> said =
        complaint(ServerMain::check, Map.of("lease.max-ttl", "1s", "log.format", "xml", "x", "y"));

    assertThat(said).hasSize(4);
    assertThat(said.get(0)).isEqualTo("fencepost: the configuration has 3 faults");
  }

  @Test
  void check_isContentWithTheDefaults() throws Exception {
    Captured captured = capture(ServerMain::check, Map.of());

    assertThat(captured.exit).isZero();
    assertThat(captured.err).isEmpty();
    assertThat(Path.of("fencepost-data")).doesNotExist();
  }

  @Test
  void schema_isTheProviders() {
    assertThat(ServerMain.schema("h2:" + folder)).containsIgnoringCase("create table");
  }

  private static ToIntFunction<Map<String, String>> command(String name) {
    return name.equals("run") ? ServerMain::run : ServerMain::check;
  }

  private static List<String> complaint(
      ToIntFunction<Map<String, String>> command, Map<String, String> settings) throws Exception {
    Captured captured = capture(command, settings);
    assertThat(captured.exit).isEqualTo(78);
    return captured.err.lines().filter(line -> !line.contains(" INFO ")).toList();
  }

  private static Captured capture(
      ToIntFunction<Map<String, String>> command, Map<String, String> settings) throws Exception {
    PrintStream err = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      return new Captured(command.applyAsInt(settings), bytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setErr(err);
    }
  }

  private record Captured(int exit, String err) {}
}
