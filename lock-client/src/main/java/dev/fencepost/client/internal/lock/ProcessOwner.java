package dev.fencepost.client.internal.lock;

import dev.fencepost.lock.Claimant;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The default owner of this process, for people who look at a lock: {@code host:pid/service}. */
public final class ProcessOwner {
  // The resolver may take seconds for the own name.
  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private ProcessOwner() {}

  public static String ofProcess(Optional<String> service) {
    String what = service.orElseGet(ProcessOwner::mainClass);
    return fitted(host() + ":" + ProcessHandle.current().pid() + "/" + what);
  }

  private static String fitted(String owner) {
    int length = owner.length();
    while (owner.substring(0, length).getBytes(StandardCharsets.UTF_8).length
        > Claimant.MAX_OWNER_BYTES) {
      length--;
    }
    return owner.substring(0, length);
  }

  private static String mainClass() {
    String command = System.getProperty("sun.java.command", "");
    String first = command.strip().split("\\s+", 2)[0];
    String file = first.substring(first.lastIndexOf('/') + 1);
    String name = file.endsWith(".jar") ? file : file.substring(file.lastIndexOf('.') + 1);
    return name.isEmpty() ? "java" : name;
  }

  private static String host() {
    try {
      return Files.readString(HOST_NAME).strip();
    } catch (IOException e) {
      String name = System.getenv("HOSTNAME");
      String windows = System.getenv("COMPUTERNAME");
      return name != null ? name : windows != null ? windows : "localhost";
    }
  }
}
