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
 * The shell process that signals the group of {@code run}, and ends it by itself when this JVM is
 * killed or stands still. See {@code watchdog.sh}. Safe for use by many threads.
 */
final class GroupWatchdog {
  private static final long NANOS_PER_CENTI = TimeUnit.MILLISECONDS.toNanos(10);
  private static final Path UPTIME = Path.of("/proc/uptime");

  /** It acts only after this JVM should have done so. */
  private static final int LATER_PART = 4;

  private static final long LATER_KILL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Process process;
  private final OutputStream orders;

  private GroupWatchdog(Process process) {
    this.process = process;
    this.orders = process.getOutputStream();
  }

  /**
   * Starts it; it does nothing before it knows of a group.
   *
   * @param killAfter how long the group may take to end once this JVM is dead
   */
  static GroupWatchdog start(Duration killAfter) throws IOException {
    String patience = Long.toString(killAfter.toNanos() / NANOS_PER_CENTI);
    ProcessBuilder builder =
        DetachedScript.of("watchdog.sh", "fencepost-watchdog", List.of(patience));
    builder.redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD);
    // The root: whoever wants to unmount where we were started need not wait for it.
    builder.directory(Path.of("/").toFile());
    return new GroupWatchdog(builder.start());
  }

  long pid() {
    return process.pid();
  }

  /** Tells it the group; the leader has done so before unless this watchdog is a second one. */
  boolean watch(long group) {
    return order("group " + group);
  }

  /** Tells it when to end the group if it hears nothing until then. */
  boolean lease(LeaseTimes times) {
    long term = times.termAtNanos() + times.grace().toNanos() / LATER_PART;
    try {
      // First the clock of the others, then ours: being stopped in between only shortens the time.
      long uptime = uptimeCentis();
      long now = System.nanoTime();
      return order(
          "lease "
              + (uptime + (term - now) / NANOS_PER_CENTI)
              + " "
              + (uptime + (times.killAtNanos() + LATER_KILL_NANOS - now) / NANOS_PER_CENTI));
    } catch (IOException e) {
      return false;
    }
  }

  /** Lets it send a signal to the group; false if it is dead itself. */
  boolean signal(String name) {
    return order("signal " + name);
  }

  /** Sends it away: the group is no more. */
  void dismiss() {
    order("end");
  }

  private synchronized boolean order(String line) {
    try {
      orders.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
      orders.flush();
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
