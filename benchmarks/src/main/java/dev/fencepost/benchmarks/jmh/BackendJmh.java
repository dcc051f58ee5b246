package dev.fencepost.benchmarks.jmh;

import dev.fencepost.benchmarks.store.MeasuredStore;
import dev.fencepost.benchmarks.store.StoreStarter;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import java.util.ServiceLoader;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Operations of each backend. A caller waits for each answer and has locks of its own. */
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BackendJmh extends JmhDefaults {

  /** An open backend on a store of its own. */
  @State(Scope.Benchmark)
  public static class OpenBackend {
    /** The kind of store. */
    @Param({"redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2"})
    public String kind = "";

    private final AtomicInteger callers = new AtomicInteger();
    private MeasuredStore store = MeasuredStore.none();
    private LockBackend backend;

    /** Starts the store. */
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

  /** The locks and the resource of one caller. */
  @State(Scope.Thread)
  public static class Caller {
    private String name = "";
    private GrantRef held;
    private GrantRef passed;
    private ResourceName resource;
    private long mark;

    /** Takes two locks. */
    @Setup(Level.Trial)
    public void take(OpenBackend open) {
      name = "/" + open.callers.incrementAndGet();
      held = open.take("held" + name);
      passed = open.take("passed" + name);
      resource = new ResourceName("resource" + name);
    }
  }

  /** Takes a free lock and releases it. */
  @Benchmark
  public Release acquireRelease(OpenBackend open, Caller caller) {
    GrantRef grant = open.take("free" + caller.name);
    return expect(
        Release.Released.class,
        open.backend.release(ReleaseCommand.of(grant)).toCompletableFuture().join());
  }

  /** Renews a grant. */
  @Benchmark
  public Renewal renew(OpenBackend open, Caller caller) {
    return expect(
        Renewal.Renewed.class, open.backend.renew(caller.held).toCompletableFuture().join());
  }

  /** Hands a lock over from one claim to the next. */
  @Benchmark
  public GrantRef handOver(OpenBackend open, Caller caller) {
    Claim next = JmhClaims.of("passed" + caller.name);
    caller.passed =
        JmhClaims.granted(
            open.backend
                .handOver(caller.passed, next, QueueIntent.JOIN)
                .toCompletableFuture()
                .join()
                .got());
    return caller.passed;
  }

  /** Raises the mark of a fenced resource. */
  @Benchmark
  public FenceAdvance advanceFence(OpenBackend open, Caller caller) {
    caller.mark++;
    return expect(
        FenceAdvance.Advanced.class,
        open.backend
            .advance(caller.resource, new FencingToken(caller.mark))
            .toCompletableFuture()
            .join());
  }

  private static <T> T expect(Class<? extends T> kind, T answer) {
    if (!kind.isInstance(answer)) {
      throw new IllegalStateException("expected " + kind.getSimpleName() + ", got " + answer);
    }
    return answer;
  }
}
