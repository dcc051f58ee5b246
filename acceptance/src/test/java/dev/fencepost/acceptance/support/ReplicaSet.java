package dev.fencepost.acceptance.support;

import dev.fencepost.testkit.history.CallRecorder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Replicas of one store as a client sees them: it keeps to one until that is unavailable, then goes
 * to the next. Safe for use by many threads.
 */
public final class ReplicaSet implements AutoCloseable {

  private static final int MOST_TRIES = 1_500;
  private static final Executor AFTER_A_PAUSE =
      CompletableFuture.delayedExecutor(30, TimeUnit.MILLISECONDS);

  private final List<RecordedClient> callers;
  private final AtomicInteger preferred = new AtomicInteger();
  private final Queue<StatusRuntimeException> failures = new ConcurrentLinkedQueue<>();

  /** Replicas in the order in which they are tried. */
  public ReplicaSet(List<ReplicaServer> servers, CallRecorder recorder) {
    this.callers =
        servers.stream().map(server -> new RecordedClient(server.port(), recorder)).toList();
  }

  /** One of them. */
  public RecordedClient caller(int index) {
    return callers.get(index);
  }

  /** All calls that ended with a status, whatever became of them afterwards. */
  public List<StatusRuntimeException> failures() {
    return List.copyOf(failures);
  }

  /** Asks the preferred replica, once. */
  public <T> CompletableFuture<T> once(Function<RecordedClient, CompletableFuture<T>> call) {
    int asked = preferred.get();
    return call.apply(callers.get(asked))
        .whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                failures.add(status(failure));
                preferred.compareAndSet(asked, (asked + 1) % callers.size());
              }
            });
  }

  /** Asks until one answers; any status but UNAVAILABLE is an error. */
  public <T> T ask(Function<RecordedClient, CompletableFuture<T>> call) {
    for (int i = 0; i < MOST_TRIES; i++) {
      try {
        return once(call).join();
      } catch (CompletionException e) {
        if (status(e).getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw e;
        }
        CompletableFuture.runAsync(() -> {}, AFTER_A_PAUSE).join();
      }
    }
    throw new AssertionError("no answer in " + MOST_TRIES + " tries");
  }

  /** Acquires with one claim id until there is an answer. */
  public long acquire(ClaimAttempt claim, Duration wait) {
    var response = ask(caller -> caller.acquire(claim, wait));
    if (!response.hasGranted()) {
      throw new AssertionError("not granted: " + response);
    }
    return response.getGranted().getFencingToken();
  }

  /** The status in a failure. */
  public static StatusRuntimeException status(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof StatusRuntimeException status) {
        return status;
      }
    }
    throw new AssertionError("a failure without a status", failure);
  }

  @Override
  public void close() {
    callers.forEach(RecordedClient::close);
  }
}
