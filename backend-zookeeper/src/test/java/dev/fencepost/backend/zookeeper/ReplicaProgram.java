package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Runs a replica in its own process. Arguments: the store's URI, a lock to take for 3 s, a lock to
 * take for a minute, and a lock to wait for. Prints the state of its two grants for each line of
 * input.
 */
final class ReplicaProgram {
  private ReplicaProgram() {}

  /** Runs until its input ends. */
  public static void main(String[] args) throws IOException {
    try (TestReplica replica = new TestReplica(args[0]);
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      Grant shortly = replica.acquire(args[1], Lease.of(Duration.ofSeconds(3)));
      Grant longer = replica.acquire(args[2]);
      answer(replica.backend().tryAcquire(TestReplica.claim(args[3]), QueueIntent.JOIN));
      System.out.println("ready");
      while (input.readLine() != null) {
        System.out.println(renewed(replica, shortly) + " " + renewed(replica, longer));
      }
    }
  }

  private static String renewed(TestReplica replica, Grant grant) {
    for (int tries = 0; tries < 100; tries++) {
      try {
        return answer(replica.backend().renew(grant.ref()))
            .fold(
                renewed -> "renewed",
                lost -> lost.loss().reason().toString(),
                foreign -> "foreign");
      } catch (StoreException e) {
        answer(
            new java.util.concurrent.CompletableFuture<Boolean>()
                .completeOnTimeout(true, 100, java.util.concurrent.TimeUnit.MILLISECONDS));
      }
    }
    return "no answer";
  }
}
