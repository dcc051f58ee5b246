package dev.fencepost.standalone;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import java.time.Duration;

/** A user's program that sees nothing but the SDK. */
public final class OrdersProgram {
  private OrdersProgram() {}

  /** Arguments: the server, and the classes whose origin is to be printed. */
  public static void main(String[] arguments) throws Exception {
    for (int i = 1; i < arguments.length; i++) {
      Class<?> found = Class.forName(arguments[i]);
      System.out.println(
          found.getName() + " from " + found.getProtectionDomain().getCodeSource().getLocation());
    }
    try (FencepostClient client = FencepostClient.connect(arguments[0])) {
      try (LockHandle lock = client.lock("orders/42").acquire(Duration.ofSeconds(30))) {
        System.out.println("token " + lock.requireHeld());
        System.out.println("standing " + client.fencing().token("orders/42").get().lastToken());
      }
      System.out.println("free " + client.lock("orders/42").tryAcquire().isPresent());
    }
  }
}
