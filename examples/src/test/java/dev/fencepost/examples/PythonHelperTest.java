package dev.fencepost.examples;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;

/**
 * {@code python/fencepost_lock.py}, with the interpreter that the environment variable {@code
 * FENCEPOST_PYTHON} names, else the system's, which has Debian's grpcio.
 */
class PythonHelperTest extends HelperContract {

  private static final Path STUBS = Path.of("target/python").toAbsolutePath();

  /** Protobuf's own messages, which our files import and which its Java library contains. */
  private static final Path IMPORTED = Path.of("target/protos").toAbsolutePath();

  @BeforeAll
  static void generate() throws IOException, InterruptedException {
    for (String known : List.of("duration", "timestamp")) {
      String name = "google/protobuf/" + known + ".proto";
      Path file = IMPORTED.resolve(name);
      Files.createDirectories(file.getParent());
      try (InputStream in = PythonHelperTest.class.getResourceAsStream("/" + name)) {
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.createDirectories(STUBS);
    HelperProgram.run(
        Path.of("."),
        Map.of(),
        List.of(
            "sh",
            "-c",
            "protoc --plugin=protoc-gen-grpc_python=\"$(command -v grpc_python_plugin)\" \"$@\"",
            "protoc",
            "-I" + PROTOS,
            "-I" + IMPORTED,
            "--python_out=" + STUBS,
            "--grpc_python_out=" + STUBS,
            "fencepost/v1/lock.proto",
            "fencepost/v1/fencing.proto"));
  }

  @Override
  HelperProgram start(String target, Map<String, String> more) throws IOException {
    Map<String, String> all = new HashMap<>(environment());
    all.putAll(more);
    return new HelperProgram(all, List.of(interpreter(), "src/test/python/trial.py", target));
  }

  @Override
  String runExample(String target) throws IOException, InterruptedException {
    return HelperProgram.run(
        Path.of("python"), environment(), List.of(interpreter(), "example.py", target));
  }

  private static String interpreter() {
    return Optional.ofNullable(System.getenv("FENCEPOST_PYTHON")).orElse("/usr/bin/python3");
  }

  private static Map<String, String> environment() {
    String helper = Path.of("python").toAbsolutePath().toString();
    return Map.of(
        "PYTHONPATH", helper + File.pathSeparator + STUBS, "PYTHONDONTWRITEBYTECODE", "1");
  }
}
