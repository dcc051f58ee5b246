package dev.fencepost.acceptance.hostile;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.testkit.history.CallRecorder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A client that behaves: it holds one lock and renews it, and acquires and releases another, one
 * call after the other. It remembers how long each call took.
 */
@SuppressWarnings("try") // A test that is interrupted while it closes this has failed anyway.
final class PairClient implements AutoCloseable {
  private static final double P99 = 0.99;

  private final RecordedClient caller;
  private final ClaimAttempt held = ClaimAttempt.on("good/held", Duration.ofMinutes(5));
  private final long token;
  private final List<Long> nanos = new ArrayList<>();
  private final Thread thread = new Thread(this::run, "pair-client");
  private volatile boolean isOver;
  private volatile Optional<RuntimeException> failure = Optional.empty();

  PairClient(int port) {
    caller = new RecordedClient(port, CallRecorder.inMemory());
    token = caller.take(held);
    thread.start();
  }

  private void run() {
    try {
      while (!isOver) {
        ClaimAttempt claim = ClaimAttempt.on("good/pair", Duration.ofSeconds(30));
        long start = System.nanoTime();
        long pair = caller.take(claim);
        long taken = System.nanoTime();
        caller.release(claim, pair).join();
        long released = System.nanoTime();
        if (!caller.renew(held, token).join().hasRenewed()) {
          throw new IllegalStateException("the held lock is lost");
        }
        long renewed = System.nanoTime();
        synchronized (nanos) {
          Collections.addAll(nanos, taken - start, released - taken, renewed - released);
        }
      }
    } catch (RuntimeException e) {
      failure = Optional.of(e);
    }
  }

  /** Returns the failure of a call; empty if all were answered as they should. */
  Optional<RuntimeException> failure() {
    return failure;
  }

  /** Returns how many calls were answered since the last report. */
  int calls() {
    synchronized (nanos) {
      return nanos.size();
    }
  }

  /** Returns the calls since the last report with their times, for people. */
  String report() {
    synchronized (nanos) {
      Collections.sort(nanos);
      int count = nanos.size();
      String text =
          count == 0
              ? "no call"
              : String.format(
                  Locale.ROOT,
                  "%d calls, p99 %.1f ms, longest %.1f ms",
                  count,
                  nanos.get((int) (count * P99)) / 1e6,
                  nanos.get(count - 1) / 1e6);
      nanos.clear();
      return text;
    }
  }

  @Override
  public void close() throws InterruptedException {
    isOver = true;
    thread.join();
    caller.close();
  }
}
