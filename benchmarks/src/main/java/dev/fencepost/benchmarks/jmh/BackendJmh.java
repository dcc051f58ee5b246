package dev.fencepost.benchmarks.jmh;

import dev.fencepost.benchmarks.store.Store;
import dev.fencepost.benchmarks.store.Stores;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import java.util.ServiceLoader;
import java.util.concurrent.ThreadLocalRandom;
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

/** Each backend's operations, one caller that waits for each answer, on a store of its own. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
@Threads(1)
public class BackendJmh {

  /** A backend that is open. */
  @State(Scope.Benchmark)
  public static class Opened {
    /** The kind of store. */
    @Param({"redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2"})
    public String kind = "";

    private Store store = Store.none();
    private LockBackend backend;
    private GrantRef held;
    private GrantRef passed;

    /** Starts the store and takes two locks. */
    @Setup(Level.Trial)
    public void open() {
      store = Stores.start(kind);
      String uri = store.uri(store.port());
      backend =
          ServiceLoader.load(LockBackendProvider.class).stream()
              .map(ServiceLoader.Provider::get)
              .filter(provider -> provider.schemes().stream().anyMatch(uri::startsWith))
              .findFirst()
              .orElseThrow()
              .create(StoreSettings.of(uri));
      ReplicaId id = ReplicaId.of(ThreadLocalRandom.current().nextLong());
      backend
          .open(new Replica(id, "localhost:7420", Replica.Phase.SERVING), lock -> {})
          .toCompletableFuture()
          .join();
      held = take("held");
      passed = take("passed");
    }

    /** Stops the store. */
    @TearDown(Level.Trial)
    public void close() {
      backend.close();
      store.close();
    }

    private GrantRef take(String lock) {
      return Claims.granted(
          backend.tryAcquire(Claims.of(lock), QueueIntent.NONE).toCompletableFuture().join());
    }
  }

  /** Takes a free lock and gives it back. */
  @Benchmark
  public Release acquireRelease(Opened opened) {
    GrantRef grant = opened.take("free");
    return opened.backend.release(ReleaseCommand.of(grant)).toCompletableFuture().join();
  }

  /** Extends a grant. */
  @Benchmark
  public Renewal renew(Opened opened) {
    return opened.backend.renew(opened.held).toCompletableFuture().join();
  }

  /** Gives a lock from one claim to the next. */
  @Benchmark
  public GrantRef handOver(Opened opened) {
    Claim next = Claims.of("passed");
    opened.passed =
        Claims.granted(
            opened
                .backend
                .handOver(opened.passed, next, QueueIntent.JOIN)
                .toCompletableFuture()
                .join()
                .got());
    return opened.passed;
  }
}
