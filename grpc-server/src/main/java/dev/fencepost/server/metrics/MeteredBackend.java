package dev.fencepost.server.metrics;

import dev.fencepost.core.TimerService;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Times the calls of another backend, by operation and outcome. */
public final class MeteredBackend implements LockBackend {
  private final LockBackend backend;
  private final TimerService clock;
  private final LabeledMeters.Timers calls;
  private final Counter handOvers;

  /** Wraps a backend. Closing this closes it. */
  public MeteredBackend(LockBackend backend, TimerService clock, MeterRegistry registry) {
    this.backend = backend;
    this.clock = clock;
    this.calls =
        LabeledMeters.Timers.forStoreCalls(
            registry, "fencepost.store.call", "Calls to the store", "operation", "outcome");
    this.handOvers =
        Counter.builder("fencepost.hand.overs")
            .description("Grants passed to the next waiter in one step")
            .register(registry);
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    return timed("open", () -> backend.open(self, wake));
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return timed("announce", () -> backend.announce(self));
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return timed("acquire", () -> backend.tryAcquire(claim, intent));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return timed("hand_over", () -> backend.handOver(from, to, intent))
        .whenComplete(
            (both, failure) -> {
              if (failure == null && both.got() instanceof Attempt.Granted) {
                handOvers.increment();
              }
            });
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return timed("renew", () -> backend.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return timed("release", () -> backend.release(command));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return timed("force_release", () -> backend.forceRelease(command));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return timed("leave", () -> backend.leave(lock));
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return timed("describe", () -> backend.describe(locks));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return timed("list", () -> backend.list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return timed("advance", () -> backend.advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return timed("reset_mark", () -> backend.resetMark(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return timed("info", backend::info);
  }

  @Override
  public void close() {
    backend.close();
  }

  private <T> CompletionStage<T> timed(String operation, Supplier<CompletionStage<T>> call) {
    long startedNanos = clock.nanoTime();
    return call.get()
        .whenComplete(
            (answer, failure) ->
                calls.record(
                    Duration.ofNanos(clock.nanoTime() - startedNanos),
                    operation,
                    failure == null ? "ok" : outcome(failure)));
  }

  private static String outcome(Throwable failure) {
    Throwable cause = failure.getCause();
    if (failure instanceof CompletionException && cause != null) {
      return outcome(cause);
    }
    return failure instanceof StoreException e
        ? e.failure().name().toLowerCase(Locale.ROOT)
        : "error";
  }
}
