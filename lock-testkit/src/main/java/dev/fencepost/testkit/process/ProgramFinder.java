package dev.fencepost.testkit.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds the programs of a store on this machine. */
final class ProgramFinder {

  private ProgramFinder() {}

  /**
   * The folder that holds a program. *
   *
   * @param program the program's file name
   * @param override name of the environment variable that names the folder; wins if it is set
   * @param others further folders, in order of preference, before the PATH
   * @throws IllegalStateException naming {@code remedy} if it is nowhere
   */
  static Path folderOf(String program, String override, List<Path> others, String remedy) {
    Optional<Path> named = Optional.ofNullable(System.getenv(override)).map(Path::of);
    List<Path> folders = named.map(List::of).orElseGet(() -> withPath(others));
    return folders.stream()
        .filter(folder -> Files.isExecutable(folder.resolve(program)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no program "
                        + program
                        + " in "
                        + folders
                        + ": "
                        + remedy
                        + ", or set "
                        + override
                        + " to the folder that holds it"));
  }

  /** The folders {@code <root>/<version>/bin}, highest version first. */
  static List<Path> versions(Path root) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(root)) {
      try (DirectoryStream<Path> versions = Files.newDirectoryStream(root)) {
        versions.forEach(version -> found.add(version.resolve("bin")));
      } catch (IOException e) {
        throw new IllegalStateException("cannot read " + root, e);
      }
    }
    found.sort(Comparator.comparingDouble(ProgramFinder::versionOf).reversed());
    return found;
  }

  private static double versionOf(Path bin) {
    try {
      return Double.parseDouble(bin.getName(bin.getNameCount() - 2).toString());
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static List<Path> withPath(List<Path> others) {
    List<Path> all = new ArrayList<>(others);
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    Arrays.stream(path.split(":")).filter(part -> !part.isEmpty()).map(Path::of).forEach(all::add);
    return all;
  }
}
