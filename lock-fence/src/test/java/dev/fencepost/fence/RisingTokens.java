package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Many writers, each of which may be late: tokens are drawn in order and used in any order. */
final class RisingTokens {

  /** The number of tokens that a writer keeps, to use them in any order. */
  private static final int IN_HAND = 3;

  private RisingTokens() {}

  /** One fenced write. */
  interface Attempt {
    /** Writes and records the token as an effect, in one step, or throws the fence's refusal. */
    void write(FencingToken token, List<Long> effects) throws Exception;
  }

  /** Asserts that the effects of these writes have tokens that never decrease. */
  static void assertNeverFalling(int writers, int each, Attempt attempt) throws Exception {
    List<Long> effects = Collections.synchronizedList(new ArrayList<>());
    long highest = run(writers, each, token -> attempt.write(token, effects));
    assertNeverFalling(effects, highest);
  }

  /** Asserts that the tokens never decrease, and that the last one is the highest token drawn. */
  static void assertNeverFalling(List<Long> effects, long highest) {
    assertThat(effects).isSorted();
    assertThat(effects).last().isEqualTo(highest);
  }

  /** Runs the writers at the same time. Returns the highest token drawn. */
  static long run(int writers, int each, Write write) throws Exception {
    AtomicLong next = new AtomicLong(LargeTokens.BASE);
    CyclicBarrier together = new CyclicBarrier(writers);
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      Callable<Void> writer =
          () -> {
            together.await(1, TimeUnit.MINUTES);
            List<FencingToken> inHand = new ArrayList<>();
            for (int drawn = 0; drawn < each || !inHand.isEmpty(); ) {
              if (drawn < each && inHand.size() < IN_HAND) {
                inHand.add(new FencingToken(next.incrementAndGet()));
                drawn++;
              } else {
                int any = ThreadLocalRandom.current().nextInt(inHand.size());
                writeOrBeRefused(write, inHand.remove(any));
              }
            }
            return null;
          };
      for (Future<Void> done : threads.invokeAll(Collections.nCopies(writers, writer))) {
        done.get();
      }
    } finally {
      threads.shutdownNow();
    }
    return next.get();
  }

  private static void writeOrBeRefused(Write write, FencingToken token) throws Exception {
    try {
      write.write(token);
    } catch (StaleTokenException e) {
      assertThat(e.mark()).isGreaterThan(token);
      assertThat(e.token()).isEqualTo(token);
    }
  }

  /** One fenced write. */
  interface Write {
    void write(FencingToken token) throws Exception;
  }
}
