package dev.fencepost.shedlock;

import dev.fencepost.client.FencepostClient;
import java.time.Duration;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;

/** A node that takes the lock of a task and is killed. */
final class DeadNodeProgram {
  private DeadNodeProgram() {}

  /** Arguments: the server, the task and its lockAtLeastFor. */
  public static void main(String[] arguments) throws Exception {
    FencepostClient client = FencepostClient.connect(arguments[0]);
    Duration atLeast = Duration.parse(arguments[2]);
    boolean taken =
        new FencepostLockProvider(client)
            .lock(new LockConfiguration(ClockProvider.now(), arguments[1], atLeast, atLeast))
            .isPresent();
    System.out.println(taken ? "taken" : "refused");
    System.in.read();
  }
}
