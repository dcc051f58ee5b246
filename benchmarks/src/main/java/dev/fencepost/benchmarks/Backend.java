package dev.fencepost.benchmarks;

import dev.fencepost.backend.jdbc.JdbcBackendProvider;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

/** The backend, as its coordinator calls it, by callers who wait for each answer. */
final class Backend implements Side {
  private static final Lease LEASE = Lease.of(Duration.ofSeconds(30));
  private static final Claimant CLAIMANT = Claimant.named("host-1:4711/orders");

  /** How callers wait for an answer. */
  enum Callers {
    /** Each is a thread that blocks, as whoever calls by hand. */
    THREADS,
    /** Each goes on where its answer comes in, as the coordinator does. */
    CONTINUATIONS
  }

  private final LockBackend backend;
  private final Map<String, String> options;
  private final Callers kind;

  Backend(String uri, Map<String, String> options, Callers kind) {
    this.options = options;
    this.kind = kind;
    backend =
        new JdbcBackendProvider()
            .create(new StoreSettings(uri, StoreSettings.DEFAULT_CALL_TIMEOUT, options));
    Replica self =
        new Replica(ReplicaId.of(new Random().nextLong()), "localhost:7420", Replica.Phase.SERVING);
    backend.open(self, lock -> {}).toCompletableFuture().join();
  }

  @Override
  public String name() {
    return "Fencepost " + options + ", " + kind;
  }

  @Override
  public long pairs(int callers, Duration time) throws Exception {
    if (kind == Callers.THREADS) {
      return Threads.pairs(callers, time, lock -> pair(lock).toCompletableFuture().join());
    }
    long end = System.nanoTime() + time.toNanos();
    List<CompletableFuture<Long>> all = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) {
      CompletableFuture<Long> done = new CompletableFuture<>();
      all.add(done);
      goOn(caller, 0, end, done);
    }
    long sum = 0;
    for (CompletableFuture<Long> done : all) {
      sum += done.get();
    }
    return sum;
  }

  @Override
  public void close() {
    backend.close();
  }

  private void goOn(int caller, long pairs, long end, CompletableFuture<Long> done) {
    if (System.nanoTime() >= end) {
      done.complete(pairs);
      return;
    }
    pair(Threads.name(caller, pairs))
        .whenComplete(
            (released, failure) -> {
              if (failure == null) {
                goOn(caller, pairs + 1, end, done);
              } else {
                done.completeExceptionally(failure);
              }
            });
  }

  private CompletionStage<Release> pair(String name) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    ClaimId id = new ClaimId(new UUID(random.nextLong(), random.nextLong()).toString());
    return backend
        .tryAcquire(new Claim(new LockName(name), id, LEASE, CLAIMANT), QueueIntent.NONE)
        .thenCompose(this::release)
        .thenApply(Backend::released);
  }

  private CompletionStage<Release> release(Attempt attempt) {
    return attempt.fold(
        granted -> backend.release(ReleaseCommand.of(granted.grant().ref())),
        busy -> {
          throw new IllegalStateException("not granted: " + busy);
        });
  }

  private static Release released(Release release) {
    if (!release.equals(new Release.Released())) {
      throw new IllegalStateException("not released: " + release);
    }
    return release;
  }
}
