package dev.fencepost.client.process;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Takes a lock and asks its handle in an endless loop whether it is held. Prints the first answer
 * after a pause of the process, and the time at which the loss is reported.
 */
public final class HolderProgram {
  private static final long ASK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private HolderProgram() {}

  /**
   * Arguments: target, lock, ttl in ms, and the gap between two questions in ms that only a pause
   * explains.
   */
  public static void main(String[] arguments) throws Exception {
    long gapNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[3]));
    try (FencepostClient client = FencepostClient.connect(arguments[0])) {
      LockHandle lock =
          client
              .lock(arguments[1])
              .withTtl(Duration.ofMillis(Long.parseLong(arguments[2])))
              .acquire();
      lock.onLost(loss -> System.out.println("told " + loss.reason() + " " + System.nanoTime()));
      System.out.println("held " + lock.token());
      long last = System.nanoTime();
      while (true) {
        LockSupport.parkNanos(ASK_EVERY_NANOS);
        long begun = System.nanoTime();
        boolean isHeld = lock.isHeld();
        if (begun - last > gapNanos) {
          System.out.println(
              "after a pause: "
                  + isHeld
                  + " "
                  + lock.remaining().isZero()
                  + " "
                  + requireHeld(lock)
                  + " "
                  + begun);
        }
        last = begun;
      }
    }
  }

  private static String requireHeld(LockHandle lock) {
    try {
      return lock.requireHeld().toString();
    } catch (LockLostException e) {
      return "lost";
    }
  }
}
