package dev.fencepost.benchmarks.jmh;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
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
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The coordinator on a store in memory that answers at once: what it costs itself, and whether a
 * hand-over costs more when more wait.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
@Threads(1)
public class QueueJmh {
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

  private static CompletableFuture<AcquireAnswer> ask(LockCoordinator coordinator, String lock) {
    return coordinator
        .acquire(new AcquireCommand(Claims.of(lock), WAIT, Duration.ZERO, CLIENT))
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

  /** Locks that nobody else wants. */
  @State(Scope.Benchmark)
  public static class Free {
    private LockCoordinator coordinator;

    /** Makes it. */
    @Setup(Level.Trial)
    public void open() {
      coordinator = coordinator();
    }

    /** Ends it. */
    @TearDown(Level.Trial)
    public void close() {
      coordinator.close();
    }
  }

  /** A lock with a queue that stays as long as it is: who was served joins its end. */
  @State(Scope.Benchmark)
  public static class Queue {
    /** How many wait. */
    @Param({"1", "100", "10000"})
    public int waiters;

    private final Deque<CompletableFuture<AcquireAnswer>> waiting = new ArrayDeque<>();
    private LockCoordinator coordinator;
    private GrantRef holder;

    /** Makes it. */
    @Setup(Level.Trial)
    public void open() {
      coordinator = coordinator();
      holder = granted(ask(coordinator, "wanted").join());
      for (int i = 0; i < waiters; i++) {
        waiting.add(ask(coordinator, "wanted"));
      }
    }

    /** Ends it. */
    @TearDown(Level.Trial)
    public void close() {
      coordinator.close();
    }
  }

  /** Takes a lock and gives it back. */
  @Benchmark
  public Release acquireRelease(Free free) {
    GrantRef grant = granted(ask(free.coordinator, "free").join());
    return free.coordinator.release(ReleaseCommand.of(grant)).toCompletableFuture().join();
  }

  /** Joins the queue, gives the lock back, and the first of the queue has it. */
  @Benchmark
  public GrantRef handOver(Queue queue) {
    queue.waiting.add(ask(queue.coordinator, "wanted"));
    queue.coordinator.release(ReleaseCommand.of(queue.holder)).toCompletableFuture().join();
    queue.holder = granted(queue.waiting.removeFirst().join());
    return queue.holder;
  }
}
