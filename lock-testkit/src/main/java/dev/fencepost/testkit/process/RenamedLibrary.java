package dev.fencepost.testkit.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A shared library that some distributions renamed, so that programs built elsewhere do not find
 * it. * *
 *
 * @param name the name that programs ask for
 * @param otherName the new name
 * @param folders where libraries are
 */
record RenamedLibrary(String name, String otherName, List<Path> folders) {

  /** MySQL needs it; Debian 13 and Ubuntu 24.04 renamed it when they widened their clocks. */
  static final RenamedLibrary LIBAIO =
      new RenamedLibrary(
          "libaio.so.1",
          "libaio.so.1t64",
          List.of(
              Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib64"), Path.of("/usr/lib")));

  /** Makes a folder and, if the library is there under its other name alone, a link in it. */
  void linkInto(Path folder) throws IOException {
    Files.createDirectories(folder);
    Optional<Path> renamed = find(otherName);
    if (find(name).isEmpty() && renamed.isPresent()) {
      Files.createSymbolicLink(folder.resolve(name), renamed.get());
    }
  }

  private Optional<Path> find(String wanted) {
    return folders.stream().map(each -> each.resolve(wanted)).filter(Files::exists).findFirst();
  }
}
