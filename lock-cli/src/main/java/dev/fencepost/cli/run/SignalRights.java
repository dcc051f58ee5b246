package dev.fencepost.cli.run;

import dev.fencepost.cli.remote.LockText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which processes a user may end: those whose real or saved user is the same, and the superuser all
 * (kill(2)). A command that becomes another user's, as {@code sudo} does, outlives its lock.
 *
 * @param uid the user's number
 */
public record SignalRights(int uid) {
  private static final int SUPERUSER = 0;
  private static final int SETUID = 04000;
  private static final Path PROC = Path.of("/proc");
  private static final String UIDS = "Uid:";

  /** Those of this process; those of the superuser where that cannot be told. */
  public static SignalRights ofThisProcess() {
    try {
      return new SignalRights((Integer) Files.getAttribute(PROC.resolve("self"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException e) {
      return new SignalRights(SUPERUSER);
    }
  }

  /**
   * A warning about a command that may become another user's.
   *
   * @param command the program and its arguments
   * @param path the folders in which programs are looked for, separated by colons
   */
  public Optional<String> warning(List<String> command, String path) {
    String program = command.get(0);
    if (uid == SUPERUSER || !find(program, path).map(this::changesUser).orElse(false)) {
      return Optional.empty();
    }
    return Optional.of(
        LockText.printable(program)
            + " may run the command as another user: then it cannot be ended if the lock is lost;"
            + " run fencepost itself as that user");
  }

  /** Whether a signal to the process would be refused; false if it is gone. */
  boolean isForeign(long pid) {
    try {
      return uid != SUPERUSER
          && Files.readString(PROC.resolve(pid + "/status"), StandardCharsets.ISO_8859_1)
              .lines()
              .filter(line -> line.startsWith(UIDS))
              .anyMatch(this::isForeign);
    } catch (IOException e) {
      return false;
    }
  }

  /** The line has the real, the effective, the saved and the file system's user. */
  private boolean isForeign(String line) {
    List<String> users = Arrays.asList(line.substring(UIDS.length()).strip().split("\\s+", -1));
    String own = Integer.toString(uid);
    return !users.get(0).equals(own) && !users.get(2).equals(own);
  }

  private boolean changesUser(Path program) {
    try {
      int mode = (Integer) Files.getAttribute(program, "unix:mode");
      return (mode & SETUID) != 0 && !Files.getAttribute(program, "unix:uid").equals(uid);
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<Path> find(String program, String path) {
    if (program.indexOf('/') >= 0) {
      return Optional.of(Path.of(program));
    }
    return Arrays.stream(path.split(":", -1))
        .map(folder -> Path.of(folder, program))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }
}
