package dev.fencepost.acceptance.support;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that take a few locks in turn, wait for each other and give them back, as fast as they
 * can. A call that finds its replica unavailable is repeated, with the same claim id.
 */
public final class ClientLoad implements AutoCloseable {

  private static final Duration TTL = Duration.ofSeconds(10);
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final int MOST_ROUNDS = 100_000;

  private final ReplicaSet replicas;
  private final List<String> locks;
  private final ExecutorService threads;
  private final List<Future<?>> clients = new ArrayList<>();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicInteger grants = new AtomicInteger();

  private ClientLoad(ReplicaSet replicas, List<String> locks, int clients) {
    this.replicas = replicas;
    this.locks = locks;
    this.threads = Executors.newFixedThreadPool(clients);
  }

  /** Starts so many clients. */
  public static ClientLoad of(ReplicaSet replicas, List<String> locks, int clients) {
    ClientLoad load = new ClientLoad(replicas, locks, clients);
    for (int i = 0; i < clients; i++) {
      int first = i;
      load.clients.add(load.threads.submit(() -> load.run(first)));
    }
    return load;
  }

  /** How many grants there were so far. */
  public int grants() {
    return grants.get();
  }

  /** Waits until every client has finished its round; a client that failed is an error. */
  public void finish() throws InterruptedException, ExecutionException {
    stopped.set(true);
    for (Future<?> client : clients) {
      client.get();
    }
  }

  @Override
  public void close() {
    stopped.set(true);
    threads.shutdownNow();
  }

  private void run(int first) {
    for (int round = first; round < first + MOST_ROUNDS && !stopped.get(); round++) {
      ClaimAttempt claim = ClaimAttempt.on(locks.get(round % locks.size()), TTL);
      long token = replicas.acquire(claim, WAIT);
      grants.incrementAndGet();
      replicas.ask(caller -> caller.release(claim, token));
    }
  }
}
