package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.process.ZookeeperServer.Sync;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryOneTime;

/**
 * Compares this backend with Curator's {@link InterProcessMutex} on the same server, in turn.
 * Measures pairs of acquire and release with 64 callers, each on its own lock, and hand-overs of
 * one lock among 16 waiters. Counts transactions per pair from the server's own figures. Arguments:
 * rounds and seconds of each (3 and 5), {@code nosync} for a server that does not wait for its
 * disk, and store options as {@code name=value}.
 */
final class CuratorComparison {
  private static final int CALLERS = 64;
  private static final int WAITERS = 16;
  private static final Pattern ZXID = Pattern.compile("Zxid: 0x([0-9a-f]+)");

  private final ZookeeperServer server;
  private final Duration length;

  private CuratorComparison(ZookeeperServer server, Duration length) {
    this.server = server;
    this.length = length;
  }

  /** One side of a comparison. */
  private record ComparedSide(String name, Measurement measure) {}

  /** One measurement. */
  private interface Measurement {
    ThroughputResult run() throws InterruptedException;
  }

  /** Operations per second, and transactions per operation. */
  private record ThroughputResult(double perSecond, double writesEach) {}

  /** Prints medians. */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 3;
    Duration length = Duration.ofSeconds(args.length > 1 ? Long.parseLong(args[1]) : 5);
    Sync sync = Arrays.asList(args).contains("nosync") ? Sync.NEVER : Sync.EACH_WRITE;
    try (ZookeeperServer server = new ZookeeperServer(sync, 512)) {
      server.start();
      String servers = "127.0.0.1:" + server.port();
      try (TestReplica replica =
              new TestReplica("zookeeper://" + servers + "/figures", options(args));
          CuratorFramework curator =
              CuratorFrameworkFactory.newClient(servers, new RetryOneTime(100))) {
        curator.start();
        curator.blockUntilConnected();
        CuratorComparison figures = new CuratorComparison(server, length);
        figures.compare(
            "pairs, " + CALLERS + " callers",
            rounds,
            List.of(
                new ComparedSide("backend, callers that go on", () -> figures.chains(replica)),
                new ComparedSide(
                    "backend, threads that block",
                    () -> figures.threads(CALLERS, i -> pairs(replica, i))),
                new ComparedSide(
                    "InterProcessMutex", () -> figures.threads(CALLERS, i -> pairs(curator, i)))));
        figures.compare(
            "hand-overs, " + WAITERS + " waiters",
            rounds,
            List.of(
                new ComparedSide("backend", () -> figures.handOvers(replica)),
                new ComparedSide(
                    "InterProcessMutex",
                    () -> figures.threads(WAITERS, i -> pairs(curator, WAITERS)))));
      }
    }
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new HashMap<>(TestReplica.OPTIONS);
    for (String arg : args) {
      int equals = arg.indexOf('=');
      if (equals > 0) {
        options.put(arg.substring(0, equals), arg.substring(equals + 1));
      }
    }
    return options;
  }

  private void compare(String what, int rounds, List<ComparedSide> sides)
      throws InterruptedException {
    List<List<ThroughputResult>> results = new ArrayList<>();
    sides.forEach(side -> results.add(new ArrayList<>()));
    for (int round = -1; round < rounds; round++) {
      for (int i = 0; i < sides.size(); i++) {
        ThroughputResult result = sides.get(i).measure().run();
        if (round >= 0) { // Round -1 warms up.
          results.get(i).add(result);
        }
      }
    }
    for (int i = 0; i < sides.size(); i++) {
      List<ThroughputResult> all = results.get(i);
      System.out.printf(
          Locale.ROOT,
          "%s: %s: median %.0f/s (%s), %.2f transactions each%n",
          what,
          sides.get(i).name(),
          median(all.stream().mapToDouble(ThroughputResult::perSecond).toArray()),
          all.stream().map(r -> String.format(Locale.ROOT, "%.0f", r.perSecond())).toList(),
          median(all.stream().mapToDouble(ThroughputResult::writesEach).toArray()));
    }
  }

  private static Runnable pairs(TestReplica replica, int caller) {
    return () -> {
      Claim claim = claim("pairs/" + caller);
      Grant grant = granted(answer(replica.backend().tryAcquire(claim, QueueIntent.NONE)));
      answer(replica.backend().release(ReleaseCommand.of(grant.ref())));
    };
  }

  private static Runnable pairs(CuratorFramework curator, int caller) {
    InterProcessMutex mutex = new InterProcessMutex(curator, "/mutex/" + caller);
    return () -> {
      try {
        mutex.acquire();
        mutex.release();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    };
  }

  private ThroughputResult threads(int callers, IntFunction<Runnable> caller)
      throws InterruptedException {
    AtomicLong done = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    long zxid = zxid();
    long begun = System.nanoTime();
    for (int i = 0; i < callers; i++) {
      Runnable work = caller.apply(i);
      Thread thread =
          new Thread(
              () -> {
                while (System.nanoTime() - begun < length.toNanos()) {
                  work.run();
                  done.incrementAndGet();
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return result(done.get(), begun, zxid);
  }

  /**
   * Asynchronous callers: each starts its next pair on the thread of its answer, like the server.
   */
  private ThroughputResult chains(TestReplica replica) {
    AtomicLong done = new AtomicLong();
    long zxid = zxid();
    long begun = System.nanoTime();
    List<CompletableFuture<?>> chains = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      CompletableFuture<Boolean> end = new CompletableFuture<>();
      chain(replica, "pairs/" + i, done, begun, end);
      chains.add(end);
    }
    CompletableFuture.allOf(chains.toArray(CompletableFuture<?>[]::new)).join();
    return result(done.get(), begun, zxid);
  }

  private void chain(
      TestReplica replica,
      String lock,
      AtomicLong done,
      long begun,
      CompletableFuture<Boolean> end) {
    if (System.nanoTime() - begun >= length.toNanos()) {
      end.complete(true);
      return;
    }
    replica
        .backend()
        .tryAcquire(claim(lock), QueueIntent.NONE)
        .thenCompose(got -> replica.backend().release(ReleaseCommand.of(granted(got).ref())))
        .whenComplete(
            (released, error) -> {
              if (error != null) {
                end.completeExceptionally(error);
              } else {
                done.incrementAndGet();
                chain(replica, lock, done, begun, end);
              }
            });
  }

  /** The core's way: each release passes the lock to the next waiter. */
  private ThroughputResult handOvers(TestReplica replica) {
    AtomicLong done = new AtomicLong();
    Grant held = granted(answer(replica.backend().tryAcquire(claim("handed"), QueueIntent.NONE)));
    long zxid = zxid();
    long begun = System.nanoTime();
    CompletableFuture<Grant> end = new CompletableFuture<>();
    passOn(replica, held, done, begun, end);
    Grant last = answer(end);
    ThroughputResult result = result(done.get(), begun, zxid);
    answer(replica.backend().release(ReleaseCommand.of(last.ref())));
    return result;
  }

  private void passOn(
      TestReplica replica, Grant held, AtomicLong done, long begun, CompletableFuture<Grant> end) {
    if (System.nanoTime() - begun >= length.toNanos()) {
      end.complete(held);
      return;
    }
    replica
        .backend()
        .handOver(held.ref(), claim("handed"), QueueIntent.JOIN)
        .whenComplete(
            (both, error) -> {
              if (error != null) {
                end.completeExceptionally(error);
              } else {
                done.incrementAndGet();
                passOn(replica, granted(both.got()), done, begun, end);
              }
            });
  }

  private ThroughputResult result(long done, long begun, long zxid) {
    double seconds = (System.nanoTime() - begun) / 1e9;
    return new ThroughputResult(done / seconds, (double) (zxid() - zxid) / done);
  }

  private long zxid() {
    Matcher found = ZXID.matcher(server.ask("srvr").orElseThrow());
    if (!found.find()) {
      throw new IllegalStateException("no zxid");
    }
    return Long.parseLong(found.group(1), 16);
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
