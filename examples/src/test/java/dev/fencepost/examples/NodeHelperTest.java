package dev.fencepost.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;

/** {@code node/fencepost.js}. */
class NodeHelperTest extends HelperContract {

  private static final Path FOLDER = Path.of("target/node").toAbsolutePath();

  /** A copy beside its libraries, in the versions of the lock file. */
  @BeforeAll
  static void install() throws IOException, InterruptedException {
    Files.createDirectories(FOLDER);
    for (String file : List.of("package.json", "package-lock.json", "fencepost.js", "example.js")) {
      Files.copy(Path.of("node", file), FOLDER.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    Program.run(
        FOLDER, Map.of(), List.of("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"));
  }

  @Override
  Program start(String target) throws IOException {
    return new Program(
        Map.of(),
        List.of("node", "src/test/node/trial.js", FOLDER.toString(), target, PROTOS.toString()));
  }

  @Override
  String runExample(String target) throws IOException, InterruptedException {
    return Program.run(FOLDER, Map.of(), List.of("node", "example.js", target, PROTOS.toString()));
  }
}
