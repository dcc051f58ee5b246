package dev.fencepost.backend.redis;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.awaitility.Awaitility;

/**
 * Measures how many pairs of acquire and release 64 callers make per second, each with a lock of
 * its own. Compares this backend with SET NX PX and a release in Lua by hand over one connection,
 * in turn on the same server. Each argument names the class of a further {@link Side}, with a
 * constructor for the server's URI. So a library that this module must not depend on can take part
 * from the class path.
 *
 * <p>A program, not a test: run its main method.
 */
public final class PairsPerSecond {
  private static final int CALLERS = 64;
  private static final int ROUNDS = 5;
  private static final Duration WARM_UP = Duration.ofSeconds(10);
  private static final Duration MEASURED = Duration.ofSeconds(5);

  private PairsPerSecond() {}

  /** One implementation of a lock that takes part. */
  public interface Side extends AutoCloseable {

    /** True if callers may be callbacks; otherwise they are threads that wait. */
    boolean isAsynchronous();

    /** Acquires and releases the lock. */
    CompletionStage<?> pair(String lock);

    @Override
    void close();
  }

  /** Runs all sides and prints their medians. */
  public static void main(String[] others) throws Exception {
    try (RedisServer redis = new RedisServer("appendonly no")) {
      redis.start();
      List<Side> sides =
          new ArrayList<>(List.of(new Backend(redis.uri()), new ByHand(redis.uri())));
      for (String other : others) {
        sides.add(
            Class.forName(other)
                .asSubclass(Side.class)
                .getConstructor(String.class)
                .newInstance(redis.uri()));
      }
      Map<String, List<Double>> rates = new LinkedHashMap<>();
      for (int round = 0; round <= ROUNDS; round++) {
        for (Side side : sides) {
          measure(side, round, rates);
        }
      }
      rates.forEach(
          (name, all) -> {
            double[] sorted = all.stream().mapToDouble(d -> d).sorted().toArray();
            System.out.printf(
                Locale.ROOT,
                "%-40s median %,9.0f pairs/s of %s%n",
                name,
                sorted[sorted.length / 2],
                Arrays.toString(sorted));
          });
      for (Side side : sides) {
        side.close();
      }
    }
  }

  /** The first round is for warming up. */
  private static void measure(Side side, int round, Map<String, List<Double>> rates)
      throws InterruptedException {
    Duration time = round == 0 ? WARM_UP : MEASURED;
    String name = side.getClass().getSimpleName();
    if (side.isAsynchronous()) {
      note(rates, round, name + ", callbacks", callbacks(side, time));
    }
    note(rates, round, name + ", threads", threads(side, time));
  }

  private static void note(Map<String, List<Double>> rates, int round, String name, double rate) {
    if (round > 0) {
      rates.computeIfAbsent(name, n -> new ArrayList<>()).add(rate);
    }
  }

  private static double callbacks(Side side, Duration time) {
    AtomicLong pairs = new AtomicLong();
    long begun = System.nanoTime();
    List<CompletableFuture<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      CompletableFuture<Boolean> done = new CompletableFuture<>();
      callers.add(done);
      goOn(side, "callback/" + i, begun + time.toNanos(), pairs, done);
    }
    callers.forEach(CompletableFuture::join);
    return pairs.get() * 1e9 / (System.nanoTime() - begun);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The last callback completes it.
  private static void goOn(
      Side side, String lock, long endNanos, AtomicLong pairs, CompletableFuture<Boolean> done) {
    if (System.nanoTime() - endNanos > 0) {
      done.complete(true);
      return;
    }
    side.pair(lock)
        .whenComplete(
            (answer, error) -> {
              if (error != null) {
                done.completeExceptionally(error);
              } else {
                pairs.incrementAndGet();
                goOn(side, lock, endNanos, pairs, done);
              }
            });
  }

  private static double threads(Side side, Duration time) throws InterruptedException {
    AtomicLong pairs = new AtomicLong();
    long begun = System.nanoTime();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      String lock = "thread/" + i;
      Thread caller =
          new Thread(
              () -> {
                while (System.nanoTime() - begun < time.toNanos()) {
                  side.pair(lock).toCompletableFuture().join();
                  pairs.incrementAndGet();
                }
              });
      caller.start();
      callers.add(caller);
    }
    for (Thread caller : callers) {
      caller.join();
    }
    return pairs.get() * 1e9 / (System.nanoTime() - begun);
  }

  private static final class Backend implements Side {
    private final LockBackend backend;

    Backend(String uri) {
      backend = new RedisBackendProvider().create(StoreSettings.of(uri));
      Replica self = new Replica(ReplicaId.of(64), "here:1", Replica.Phase.SERVING);
      TestReplica.answer(backend.open(self, lock -> {}));
      Awaitility.await()
          .until(
              () ->
                  TestReplica.isGranted(TestReplica.answer(backend.tryAcquire(claim("0"), NONE))));
    }

    private static final QueueIntent NONE = QueueIntent.NONE;

    @Override
    public boolean isAsynchronous() {
      return true;
    }

    @Override
    public CompletionStage<?> pair(String lock) {
      return backend
          .tryAcquire(claim(lock), NONE)
          .thenCompose(got -> backend.release(ReleaseCommand.of(TestReplica.granted(got).ref())));
    }

    @Override
    public void close() {
      backend.close();
    }

    private static Claim claim(String lock) {
      return new Claim(
          new LockName(lock),
          new ClaimId(UUID.randomUUID().toString()),
          Lease.of(Duration.ofSeconds(30)),
          Claimant.named("here:1"));
    }
  }

  private static final class ByHand implements Side {
    private static final String RELEASE =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
            + " return 0";

    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;
    private final String release;

    ByHand(String uri) {
      client = RedisClient.create(uri);
      connection = client.connect();
      release = connection.sync().scriptLoad(RELEASE);
    }

    @Override
    public boolean isAsynchronous() {
      return true;
    }

    @Override
    public CompletionStage<?> pair(String lock) {
      String id = UUID.randomUUID().toString();
      Function<Object, CompletionStage<Long>> end =
          taken ->
              connection
                  .async()
                  .evalsha(release, ScriptOutputType.INTEGER, new String[] {lock}, id);
      return connection.async().set(lock, id, SetArgs.Builder.nx().px(30_000)).thenCompose(end);
    }

    @Override
    public void close() {
      connection.close();
      client.shutdown();
    }
  }
}
