package dev.fencepost.cli.console;

import dev.fencepost.lock.Claimant;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The owner of a claim, shown to people who inspect a lock: {@code host:pid/program}. */
public final class CommandOwner {
  // A DNS lookup of the own host name may take seconds.
  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private CommandOwner() {}

  public static String ofProcess(String program) {
    String owner = host() + ":" + ProcessHandle.current().pid() + "/" + program;
    int length = owner.length();
    while (owner.substring(0, length).getBytes(StandardCharsets.UTF_8).length
        > Claimant.MAX_OWNER_BYTES) {
      length--;
    }
    return owner.substring(0, length);
  }

  private static String host() {
    try {
      return Files.readString(HOST_NAME).strip();
    } catch (IOException e) {
      return "localhost";
    }
  }
}
