package dev.fencepost.acceptance.watching;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Clients that do anything to any of some locks through any of some replicas: take, renew and
 * release, with and without a closing, let leases run out, and end each other's grants by force.
 */
final class RandomOperations {

  private static final int CLIENTS = 16;
  private static final Duration LONG_LEASE = Duration.ofMinutes(10);
  private static final Duration SHORT_LEASE = Duration.ofSeconds(2);
  private static final Duration CLOSING = Duration.ofMillis(200);

  private final List<RecordedClient> callers;
  private final List<String> locks;
  private final long seed;

  RandomOperations(List<RecordedClient> callers, List<String> locks, long seed) {
    this.callers = callers;
    this.locks = locks;
    this.seed = seed;
  }

  /** Does so many, give or take a few. */
  void run(int operations) throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Client client = new Client(new Random(seed + i));
        clients.add(threads.submit(() -> client.run(operations / CLIENTS)));
      }
      for (Future<?> client : clients) {
        client.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private record Held(ClaimAttempt claim, long token) {}

  private final class Client {

    private final Random random;
    private final Map<String, Held> held = new HashMap<>();

    Client(Random random) {
      this.random = random;
    }

    void run(int operations) {
      for (int i = 0; i < operations; i++) {
        RecordedClient caller = callers.get(random.nextInt(callers.size()));
        String lock = locks.get(random.nextInt(locks.size()));
        if (random.nextInt(20) == 0) {
          forceRelease(caller, lock);
        } else if (held.containsKey(lock)) {
          use(caller, held.get(lock));
        } else {
          acquire(caller, lock);
        }
      }
    }

    private void acquire(RecordedClient caller, String lock) {
      ClaimAttempt claim = ClaimAttempt.on(lock, random.nextInt(5) == 0 ? SHORT_LEASE : LONG_LEASE);
      AcquireResponse response = caller.acquire(claim, wait(random.nextInt(4))).join();
      if (response.hasGranted()) {
        held.put(lock, new Held(claim, response.getGranted().getFencingToken()));
      }
    }

    private void use(RecordedClient caller, Held grant) {
      int choice = random.nextInt(4);
      if (choice == 0) {
        RenewResponse response = caller.renew(grant.claim(), grant.token()).join();
        if (response.hasLost()) {
          held.remove(grant.claim().lock());
        }
        return;
      }
      held.remove(grant.claim().lock());
      if (choice == 1) {
        var unused =
            caller
                .locks()
                .release(
                    ReleaseRequest.newBuilder()
                        .setName(grant.claim().lock())
                        .setClaimId(grant.claim().id())
                        .setFencingToken(grant.token())
                        .setCloseFor(RecordedClient.wire(CLOSING))
                        .build());
      } else {
        caller.release(grant.claim(), grant.token()).join();
      }
    }

    private void forceRelease(RecordedClient caller, String lock) {
      Duration closing = random.nextBoolean() ? CLOSING : Duration.ZERO;
      var unused =
          AdminServiceGrpc.newBlockingStub(caller.channel())
              .forceRelease(
                  ForceReleaseRequest.newBuilder()
                      .setName(lock)
                      .setReason("a random operation")
                      .setCloseFor(RecordedClient.wire(closing))
                      .build());
    }

    /** Mostly none: somebody who holds for minutes would make everybody wait. */
    private static Duration wait(int choice) {
      return choice == 0 ? Duration.ofMillis(20) : Duration.ZERO;
    }
  }
}
