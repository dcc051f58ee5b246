package dev.fencepost.benchmarks.jmh;

import dev.fencepost.benchmarks.store.MeasuredStore;
import dev.fencepost.benchmarks.store.StoreStarter;
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
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Operations of each backend, by one caller that waits for each answer. */
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BackendJmh extends JmhDefaults {

  /** An open backend on a store of its own. */
  @State(Scope.Benchmark)
  public static class OpenBackend {
    /** The kind of store. */
    @Param({"redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2"})
    public String kind = "";

    private MeasuredStore store = MeasuredStore.none();
    private LockBackend backend;
    private GrantRef held;
    private GrantRef passed;

    /** Starts the store and takes two locks. */
    @Setup(Level.Trial)
    public void open() {
      store = StoreStarter.start(kind);
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
      return JmhClaims.granted(
          backend.tryAcquire(JmhClaims.of(lock), QueueIntent.NONE).toCompletableFuture().join());
    }
  }

  /** Takes a free lock and releases it. */
  @Benchmark
  public Release acquireRelease(OpenBackend open) {
    GrantRef grant = open.take("free");
    return open.backend.release(ReleaseCommand.of(grant)).toCompletableFuture().join();
  }

  /** Renews a grant. */
  @Benchmark
  public Renewal renew(OpenBackend open) {
    return open.backend.renew(open.held).toCompletableFuture().join();
  }

  /** Hands a lock over from one claim to the next. */
  @Benchmark
  public GrantRef handOver(OpenBackend open) {
    Claim next = JmhClaims.of("passed");
    open.passed =
        JmhClaims.granted(
            open.backend
                .handOver(open.passed, next, QueueIntent.JOIN)
                .toCompletableFuture()
                .join()
                .got());
    return open.passed;
  }
}
