package dev.fencepost.cli.run;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A shell process that sends signals to the group of {@code run}. It ends the group by itself when
 * this JVM is killed or stopped. See {@code watchdog.sh}. Safe for use by many threads.
 */
final class GroupWatchdog {
  private static final long NANOS_PER_CENTI = TimeUnit.MILLISECONDS.toNanos(10);
  private static final Path UPTIME = Path.of("/proc/uptime");

  /** The watchdog acts later than this JVM, by this part of the time between TERM and KILL. */
  private static final int LATER_PART = 4;

  private static final long LATER_KILL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Process process;
  private final OutputStream commands;

  private GroupWatchdog(Process process) {
    this.process = process;
    this.commands = process.getOutputStream();
  }

  /**
   * Starts a watchdog. It does nothing before it knows the group.
   *
   * @param killAfter the time from TERM to KILL once this JVM is dead
   */
  static GroupWatchdog start(Duration killAfter) throws IOException {
    String killAfterCentis = Long.toString(killAfter.toNanos() / NANOS_PER_CENTI);
    ProcessBuilder builder =
        DetachedScript.of("watchdog.sh", "fencepost-watchdog", List.of(killAfterCentis));
    builder.redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD);
    // In the root folder, so that the folder that we were started in can be unmounted.
    builder.directory(Path.of("/").toFile());
    return new GroupWatchdog(builder.start());
  }

  long pid() {
    return process.pid();
  }

  /** Sends the group to a replaced watchdog; the first one gets it from the group's leader. */
  boolean setGroup(long group) {
    return send("group " + group);
  }

  /** Sends the times at which the watchdog ends the group unless it gets new ones. */
  boolean setLease(LeaseTimes times) {
    long term = times.termAtNanos() + times.grace().toNanos() / LATER_PART;
    try {
      // The uptime is read before our clock: a pause in between only makes the times earlier.
      long uptime = uptimeCentis();
      long now = System.nanoTime();
      return send(
          "lease "
              + (uptime + (term - now) / NANOS_PER_CENTI)
              + " "
              + (uptime + (times.killAtNanos() + LATER_KILL_NANOS - now) / NANOS_PER_CENTI));
    } catch (IOException e) {
      return false;
    }
  }

  /** Makes the watchdog send a signal to the group; returns false if the watchdog is dead. */
  boolean signal(String name) {
    return send("signal " + name);
  }

  /** Ends the watchdog, after the group has ended. */
  void stop() {
    send("end");
  }

  private synchronized boolean send(String line) {
    try {
      commands.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
      commands.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static long uptimeCentis() throws IOException {
    String text = Files.readString(UPTIME);
    return Long.parseLong(text.substring(0, text.indexOf(' ')).replace(".", ""));
  }
}
