package dev.fencepost.client;

import dev.fencepost.client.internal.lock.ClaimIdSource;
import dev.fencepost.client.support.ServerProgram;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.testkit.process.ChildJvm;
import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntFunction;

/**
 * Pairs of acquire and release per second, through the SDK and by unary calls on the same kind of
 * connection, in turn. Arguments: seconds for each, rounds, and the address of a server; without
 * one a server on a model store is started, which shows the cost of the way and not of a store.
 */
public final class SessionThroughput {
  private static final int[] THREADS = {1, 16, 64};
  private static final int LOCKS_EACH = 16;

  private SessionThroughput() {}

  /** Measures and prints. */
  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    if (arguments.length > 2) {
      measure(arguments[2], seconds, rounds);
      return;
    }
    try (ChildJvm server = ChildJvm.start(List.of("-Xmx512m"), ServerProgram.class)) {
      String line = server.awaitLine(each -> each.startsWith("port "), Duration.ofMinutes(1));
      measure("127.0.0.1:" + line.substring("port ".length()), seconds, rounds);
    }
  }

  private static void measure(String target, int seconds, int rounds) throws Exception {
    ManagedChannel channel = OkHttpChannelBuilder.forTarget(target).usePlaintext().build();
    try (FencepostClient client = FencepostClient.connect(target)) {
      for (int round = 0; round < rounds; round++) {
        for (int threads : THREADS) {
          long unary = run(threads, seconds, thread -> unary(channel, thread));
          long awaited = run(threads, seconds, thread -> sdk(client, thread, true));
          long closed = run(threads, seconds, thread -> sdk(client, thread, false));
          System.out.printf(
              Locale.ROOT,
              "%d threads: unary %,d, SDK release %,d (%.1f), SDK close %,d (%.1f) pairs/s%n",
              threads,
              unary,
              awaited,
              ratio(awaited, unary),
              closed,
              ratio(closed, unary));
        }
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private static double ratio(long one, long other) {
    return (double) one / other;
  }

  private static long run(int count, int seconds, IntFunction<Callable<?>> work) throws Exception {
    AtomicBoolean isOver = new AtomicBoolean();
    LongAdder done = new LongAdder();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Callable<?> pair = work.apply(i);
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (!isOver.get()) {
                    pair.call();
                    done.increment();
                  }
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      thread.start();
      threads.add(thread);
    }
    TimeUnit.SECONDS.sleep(1);
    long before = done.sum();
    long begun = System.nanoTime();
    TimeUnit.SECONDS.sleep(seconds);
    long pairs = done.sum() - before;
    long took = System.nanoTime() - begun;
    isOver.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    return pairs * 1_000_000_000L / took;
  }

  private static Callable<?> unary(ManagedChannel channel, int thread) {
    LockServiceGrpc.LockServiceBlockingStub locks = LockServiceGrpc.newBlockingStub(channel);
    ClaimIdSource ids = new ClaimIdSource(new SecureRandom());
    int[] turn = new int[1];
    return () -> {
      String name = name(thread, turn);
      ClaimId claim = ids.next();
      Grant grant =
          locks
              .acquire(AcquireRequest.newBuilder().setName(name).setClaimId(claim.value()).build())
              .getGranted();
      return locks.release(
          ReleaseRequest.newBuilder()
              .setName(name)
              .setClaimId(claim.value())
              .setFencingToken(grant.getFencingToken())
              .build());
    };
  }

  private static Callable<?> sdk(FencepostClient client, int thread, boolean isAwaited) {
    List<FencepostLock> locks = new ArrayList<>();
    for (int i = 0; i < LOCKS_EACH; i++) {
      locks.add(client.lock(name(thread, new int[] {i})));
    }
    int[] turn = new int[1];
    Duration wait = Duration.ofSeconds(10);
    return () -> {
      LockHandle handle = locks.get(turn[0]++ % LOCKS_EACH).acquire(wait);
      if (isAwaited) {
        return handle.release();
      }
      handle.close();
      return handle;
    };
  }

  private static String name(int thread, int[] turn) {
    return "bench/" + thread + "/" + turn[0]++ % LOCKS_EACH;
  }
}
