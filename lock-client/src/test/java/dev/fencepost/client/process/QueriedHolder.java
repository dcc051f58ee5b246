package dev.fencepost.client.process;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Takes a lock. For each line that it reads, it prints whether it believes that it holds the lock.
 * It also prints each renewal and the loss.
 */
public final class QueriedHolder {
  private QueriedHolder() {}

  /** Arguments: target, lock and ttl in ms. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    try (FencepostClient client = FencepostClient.connect(arguments[0])) {
      LockHandle lock =
          client
              .lock(arguments[1])
              .withTtl(Duration.ofMillis(Long.parseLong(arguments[2])))
              .acquire();
      lock.onLost(loss -> System.out.println("told " + loss.reason()));
      lock.onRenewed(() -> System.out.println("renewed"));
      System.out.println("held " + lock.token());
      BufferedReader questions =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = questions.readLine(); line != null; line = questions.readLine()) {
        System.out.println(line + " " + lock.isHeld());
      }
    }
  }
}
