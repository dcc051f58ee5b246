package dev.fencepost.acceptance.counter;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.testkit.history.CallRecorder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One of the processes. Its arguments are the server's port and the file for its history; each line
 * of its input is a mode and the counter's file, and is answered with a line when all is done.
 */
final class CounterProgram {

  static final int THREADS = 8;
  static final int ROUNDS = 200;
  static final String READY = "ready";
  static final String DONE = "done";

  private static final String LOCK = "counter";
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final Duration WAIT = Duration.ofMinutes(2);

  private final RecordedClient caller;

  private CounterProgram(RecordedClient caller) {
    this.caller = caller;
  }

  /** How the threads are kept apart. */
  enum Mode {
    /** By the lock. */
    LOCKED,
    /** Not at all: the acquire is a stub. */
    STUBBED
  }

  public static void main(String[] arguments) throws Exception {
    try (CallRecorder recorder = CallRecorder.toFile(Path.of(arguments[1]));
        RecordedClient caller = new RecordedClient(Integer.parseInt(arguments[0]), recorder);
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      CounterProgram program = new CounterProgram(caller);
      System.out.println(READY);
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        String[] words = order.split(" ", 2);
        System.out.println(program.run(Mode.valueOf(words[0]), Path.of(words[1])));
      }
    }
  }

  private String run(Mode mode, Path path) throws IOException, InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (SharedCounter counter = SharedCounter.open(path)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        all.add(
            threads.submit(
                () -> {
                  count(mode, counter);
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      return DONE;
    } catch (ExecutionException e) {
      return "failed: " + e.getCause();
    } finally {
      threads.shutdownNow();
    }
  }

  private void count(Mode mode, SharedCounter counter) throws IOException {
    for (int i = 0; i < ROUNDS; i++) {
      ClaimAttempt claim = ClaimAttempt.on(LOCK, TTL);
      long token = mode == Mode.LOCKED ? acquire(claim) : 0;
      counter.raise(token);
      if (mode == Mode.LOCKED) {
        release(claim, token);
      }
    }
  }

  private long acquire(ClaimAttempt claim) {
    long sentNanos = System.nanoTime();
    AcquireResponse response = caller.acquire(claim, WAIT).join();
    if (!response.hasGranted()) {
      throw new IllegalStateException("not granted: " + response);
    }
    long token = response.getGranted().getFencingToken();
    boolean isLate = System.nanoTime() - sentNanos > TTL.toNanos() / 4;
    if (isLate && !caller.renew(claim, token).join().hasRenewed()) {
      throw new IllegalStateException("lost before it could be used");
    }
    return token;
  }

  private void release(ClaimAttempt claim, long token) {
    ReleaseOutcome outcome = caller.release(claim, token).join().getOutcome();
    if (outcome != ReleaseOutcome.RELEASE_OUTCOME_RELEASED) {
      throw new IllegalStateException("not released: " + outcome);
    }
  }
}
