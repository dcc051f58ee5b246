package dev.fencepost.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.process.TcpProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code node/fencepost.js}. */
class NodeHelperTest extends HelperContract {

  private static final Path FOLDER = Path.of("target/node").toAbsolutePath();

  /** Copies the helper beside its libraries, in the versions of the lock file. */
  @BeforeAll
  static void install() throws IOException, InterruptedException {
    Files.createDirectories(FOLDER);
    for (String file : List.of("package.json", "package-lock.json", "fencepost.js", "example.js")) {
      Files.copy(Path.of("node", file), FOLDER.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    HelperProgram.run(
        FOLDER, Map.of(), List.of("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"));
  }

  @Override
  HelperProgram start(String target, Map<String, String> environment) throws IOException {
    return new HelperProgram(
        environment,
        List.of("node", "src/test/node/trial.js", FOLDER.toString(), target, PROTOS.toString()));
  }

  /** Such a loader omits zeros: a lease of whole seconds has no nanos. */
  @Test
  void loaderWithoutDefaults_leavesTheLeaseItsEnd() throws IOException {
    try (ServerProcess server = new ServerProcess(data.resolve("without-defaults"));
        TcpProxy proxy = new TcpProxy(server.port());
        HelperProgram program =
            new HelperProgram(
                Map.of("TRIAL_LOADER", "without defaults"),
                List.of(
                    "node",
                    "src/test/node/trial.js",
                    FOLDER.toString(),
                    "127.0.0.1:" + proxy.port(),
                    PROTOS.toString()))) {
      program.request("acquire defaults 10000 30000", "granted");
      assertThat(program.request("held", "held")).isEqualTo("true");
      proxy.refuse();
      assertThat(program.awaitLine("lost")).isEqualTo("EXPIRED");
      assertThat(program.request("held", "held")).isEqualTo("false");
    }
  }

  @Override
  String runExample(String target) throws IOException, InterruptedException {
    return HelperProgram.run(
        FOLDER, Map.of(), List.of("node", "example.js", target, PROTOS.toString()));
  }
}
