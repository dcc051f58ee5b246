package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.claim;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.StoreRetry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A replica as a process of its own. Arguments: the store's URI, a lock to acquire for 2 s, a lock
 * to acquire for a minute, and one to wait for. For each line of input it renews its two grants and
 * prints the results.
 */
final class ReplicaProgram {
  private ReplicaProgram() {}

  /** Runs until its input ends. */
  public static void main(String[] args) throws IOException {
    try (TestReplica replica = new TestReplica(args[0]);
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      Grant shortly = replica.acquire(claim(args[1], Duration.ofSeconds(2)));
      Grant longer = replica.acquire(args[2]);
      replica.attempt(claim(args[3]), QueueIntent.JOIN);
      System.out.println("ready " + replica.id());
      while (input.readLine() != null) {
        System.out.println(renewed(replica, shortly) + " " + renewed(replica, longer));
      }
    }
  }

  private static String renewed(TestReplica replica, Grant grant) {
    return StoreRetry.ask(() -> replica.backend().renew(grant.ref()))
        .fold(renewed -> "renewed", lost -> lost.loss().reason().toString(), foreign -> "foreign");
  }
}
