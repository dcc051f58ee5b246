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
 * The processes that a user may signal: those with the same real or saved user, and all for the
 * superuser (kill(2)). A command that changes its user, as {@code sudo} does, outlives its lock.
 *
 * @param uid the user's number
 */
public record SignalRights(int uid) {
  private static final int SUPERUSER = 0;
  private static final int SETUID = 04000;
  private static final Path PROC = Path.of("/proc");
  private static final String UIDS = "Uid:";

  /** The rights of this process, or those of the superuser if the user is unknown. */
  public static SignalRights ofThisProcess() {
    try {
      return new SignalRights((Integer) Files.getAttribute(PROC.resolve("self"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException e) {
      return new SignalRights(SUPERUSER);
    }
  }

  /**
   * Finds out whether a command may change its user, and words the warning.
   *
   * @param command the program and its arguments
   * @param path the folders of programs, separated by colons
   */
  public Optional<String> findWarning(List<String> command, String path) {
    String program = command.get(0);
    if (uid == SUPERUSER || !find(program, path).map(this::changesUser).orElse(false)) {
      return Optional.empty();
    }
    return Optional.of(
        LockText.printable(program)
            + " may run the command as another user: then it cannot be ended if the lock is lost;"
            + " run fencepost itself as that user");
  }

  /** True if a signal to the process would be refused; false if the process has ended. */
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

  /** The line holds the real, the effective, the saved and the file system user. */
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
