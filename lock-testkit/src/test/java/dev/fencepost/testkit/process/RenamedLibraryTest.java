package dev.fencepost.testkit.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenamedLibraryTest {
  @TempDir Path system;
  @TempDir Path own;

  @Test
  void libraryUnderItsOtherName_isLinked() throws IOException {
    Path renamed = Files.createFile(system.resolve("lib.so.1t64"));
    library().linkInto(own.resolve("libraries"));
    assertThat(own.resolve("libraries/lib.so.1").toRealPath()).isEqualTo(renamed.toRealPath());
  }

  @Test
  void libraryUnderItsName_isLeftToTheSystem() throws IOException {
    Files.createFile(system.resolve("lib.so.1"));
    Files.createFile(system.resolve("lib.so.1t64"));
    library().linkInto(own.resolve("libraries"));
    assertThat(own.resolve("libraries")).isEmptyDirectory();
  }

  private RenamedLibrary library() {
    return new RenamedLibrary("lib.so.1", "lib.so.1t64", List.of(system));
  }
}
