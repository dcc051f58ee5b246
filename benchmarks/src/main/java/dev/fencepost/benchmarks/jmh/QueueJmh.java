package dev.fencepost.benchmarks.jmh;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.MakerCheck;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.testkit.model.ModelServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The coordinator on an in-memory store that answers at once. Shows the coordinator's own cost, and
 * whether a hand-over costs more when more claims wait.
 */
public class QueueJmh extends JmhDefaults {
  private static final String CLIENT = "client";
  private static final Duration WAIT = Duration.ofHours(1);

  private static LockCoordinator coordinator() {
    ModelServer store = new ModelServer(() -> System.currentTimeMillis() * 1000, Runnable::run);
    LockCoordinator coordinator =
        new LockCoordinator(
            store.newBackend(),
            new Replica(ReplicaId.of(1), "localhost:7420", Replica.Phase.SERVING),
            CoordinatorSettings.DEFAULT,
            new NoTimers(),
            new Random(1));
    coordinator.open();
    return coordinator;
  }

  private static CompletableFuture<AcquireAnswer> acquire(
      LockCoordinator coordinator, String lock) {
    return coordinator
        .acquire(new AcquireCommand(JmhClaims.of(lock), WAIT, Duration.ZERO, CLIENT))
        .answer()
        .toCompletableFuture();
  }

  private static GrantRef granted(AcquireAnswer answer) {
    return answer.fold(
        granted -> granted.grant().ref(),
        refused -> {
          throw new IllegalStateException("not granted: " + refused);
        });
  }

  /** A coordinator whose locks have no other callers. */
  @State(Scope.Benchmark)
  public static class FreeLocks {
    private LockCoordinator coordinator;

    /** Opens the coordinator. */
    @Setup(Level.Trial)
    public void open() {
      coordinator = coordinator();
    }

    /** Closes the coordinator. */
    @TearDown(Level.Trial)
    public void close() {
      coordinator.close();
    }
  }

  /** A lock with a queue of constant length, because each hand-over adds a claim at its end. */
  @State(Scope.Benchmark)
  public static class QueuedLock {
    /** The number of waiting claims. */
    @Param({"1", "100", "10000"})
    public int waiters;

    private final Deque<CompletableFuture<AcquireAnswer>> waiting = new ArrayDeque<>();
    private LockCoordinator coordinator;
    private GrantRef holder;

    /** Opens the coordinator. */
    @Setup(Level.Trial)
    public void open() {
      coordinator = coordinator();
      holder = granted(acquire(coordinator, "wanted").join());
      for (int i = 0; i < waiters; i++) {
        waiting.add(acquire(coordinator, "wanted"));
      }
    }

    /** Closes the coordinator. */
    @TearDown(Level.Trial)
    public void close() {
      coordinator.close();
    }
  }

  /** Takes a free lock and releases it. */
  @Benchmark
  public Release acquireRelease(FreeLocks free) {
    GrantRef grant = granted(acquire(free.coordinator, "free").join());
    return free.coordinator
        .release(ReleaseCommand.of(grant), MakerCheck.EXACT)
        .toCompletableFuture()
        .join();
  }

  /** Joins the queue and releases the lock, which passes to the first claim. */
  @Benchmark
  public GrantRef handOver(QueuedLock queue) {
    queue.waiting.add(acquire(queue.coordinator, "wanted"));
    queue
        .coordinator
        .release(ReleaseCommand.of(queue.holder), MakerCheck.EXACT)
        .toCompletableFuture()
        .join();
    queue.holder = granted(queue.waiting.removeFirst().join());
    return queue.holder;
  }
}
