package dev.fencepost.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewestJunitTest {
  private static final Path JARS = Path.of("target", "newest-junit");

  @TempDir private Path folder;

  /** The same class files as in the other tests here. */
  @Test
  void newestJunit_runsTheExtension() throws Exception {
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(
                List.of(
                    System.getProperty("java.home") + "/bin/java",
                    "-cp",
                    classPath(),
                    JunitProgram.class.getName(),
                    LostLockTest.class.getName(),
                    AssertFencedTest.class.getName()))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("it ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String printed = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(printed).containsPattern("JUnit from .*/newest-junit/junit-jupiter-api-6\\.");
    assertThat(printed).contains("10 succeeded, 0 failed");
  }

  private static String classPath() throws IOException {
    String own =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    try (Stream<Path> newest = Files.list(JARS)) {
      return Stream.concat(
              newest.map(jar -> jar.toAbsolutePath().toString()),
              Stream.of(own.split(File.pathSeparator))
                  .filter(entry -> !entry.contains(File.separator + "junit-")))
          .collect(Collectors.joining(File.pathSeparator));
    }
  }
}
