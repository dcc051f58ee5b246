package dev.fencepost.server.support;

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
import dev.fencepost.lock.spi.StoreInfo;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Wraps a backend, and makes its store fail or stop answering. */
public final class FaultyBackend implements LockBackend {
  private final LockBackend backend;
  private volatile Optional<Supplier<CompletableFuture<?>>> fault = Optional.empty();
  private volatile Optional<RuntimeException> closeFailure = Optional.empty();
  private volatile Optional<CompletableFuture<Void>> waiting = Optional.empty();
  private volatile boolean closed;

  /** Wraps the backend, without a fault. */
  public FaultyBackend(LockBackend backend) {
    this.backend = backend;
  }

  /** Makes every later call fail with this. */
  public void failWith(RuntimeException failure) {
    fault = Optional.of(() -> CompletableFuture.failedFuture(failure));
  }

  /** Makes every later call, and closing, throw this. */
  public void throwFromNowOn(RuntimeException failure) {
    closeFailure = Optional.of(failure);
    throwInCalls(failure);
  }

  /** Makes every later call throw this, instead of returning a stage. */
  public void throwInCalls(RuntimeException failure) {
    fault =
        Optional.of(
            () -> {
              throw failure;
            });
  }

  /** Leaves every later call unanswered. */
  public void stall() {
    fault = Optional.of(CompletableFuture::new);
  }

  /** Delays every later call until {@link #resume}. */
  public void pause() {
    waiting = Optional.of(new CompletableFuture<>());
  }

  /** Runs the calls since {@link #pause}, in order. */
  public void resume() {
    CompletableFuture<Void> signal = waiting.orElseThrow();
    waiting = Optional.empty();
    signal.complete(null);
  }

  /** Ends the fault. */
  public void heal() {
    fault = Optional.empty();
  }

  /** Returns true if the backend was closed. */
  public boolean isClosed() {
    return closed;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    return call(() -> backend.open(self, wake));
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return call(() -> backend.announce(self));
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return call(() -> backend.tryAcquire(claim, line));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return call(() -> backend.handOver(from, to, line));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return call(() -> backend.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return call(() -> backend.release(order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return call(() -> backend.forceRelease(order));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return call(() -> backend.leave(lock));
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return call(() -> backend.describe(locks));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return call(() -> backend.list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return call(() -> backend.advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return call(() -> backend.resetMark(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return call(backend::info);
  }

  @Override
  public void close() {
    closed = true;
    backend.close();
    if (closeFailure.isPresent()) {
      throw closeFailure.orElseThrow();
    }
  }

  @SuppressWarnings("unchecked") // a failed or silent stage has no value of the wrong type
  private <T> CompletionStage<T> call(Supplier<CompletionStage<T>> call) {
    Optional<CompletableFuture<Void>> paused = waiting;
    if (paused.isPresent()) {
      return paused.orElseThrow().thenCompose(done -> call.get());
    }
    return fault.map(broken -> (CompletionStage<T>) broken.get()).orElseGet(call);
  }
}
