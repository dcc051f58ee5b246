package dev.fencepost.examples;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Writes a report once per night, although cron starts this program on every host.
 *
 * <p>The host that gets the lock writes the report. Its release keeps the lock closed for the rest
 * of the minimum hold, so a host whose clock is late finds the lock closed and does nothing.
 *
 * <p>The minimum hold takes effect with the release. If the host dies before that, the lock is free
 * after its lease, and a host that is started later writes the report.
 */
public final class NightlyReport {

  /** Longer than the clocks of the hosts may differ, and shorter than the time between two runs. */
  private static final Duration MIN_HOLD = Duration.ofHours(20);

  /** Renewals stop after this time, so that a report that hangs does not hold the lock forever. */
  private static final Duration MAX_HOLD = Duration.ofHours(3);

  private NightlyReport() {}

  /**
   * Runs one attempt.
   *
   * @param args the server, the folder for the report, and a minimum hold if it is not 20 hours
   */
  public static void main(String... args) throws Exception {
    Path folder = Path.of(args[1]);
    Duration minHold = args.length > 2 ? Duration.parse(args[2]) : MIN_HOLD;
    try (FencepostClient client = FencepostClient.connect(args[0])) {
      FencepostLock nightly =
          client.lock("reports/nightly").withMinHold(minHold).withMaxHold(MAX_HOLD);
      Optional<LockHandle> granted = nightly.tryAcquire();
      if (granted.isEmpty()) {
        System.out.println("skipped: another host writes the report, or has written it");
        return;
      }
      try (LockHandle lock = granted.get()) {
        Path report = writeReport(folder, lock);
        lock.release(); // waits for the answer: the lock is closed from here on
        System.out.println("written: " + report);
      }
    }
  }

  private static Path writeReport(Path folder, LockHandle lock) throws IOException {
    Path draft = Files.createTempFile(folder, "report-", ".draft");
    Files.writeString(draft, "All is well, says the holder of token " + lock.token() + ".\n");
    lock.requireHeld(); // throws if the lock was lost while the report was written
    return Files.move(draft, folder.resolve("report-" + lock.token() + ".txt"));
  }
}
