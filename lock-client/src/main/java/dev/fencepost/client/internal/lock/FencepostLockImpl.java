package dev.fencepost.client.internal.lock;

import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.HeldBody;
import dev.fencepost.client.JdkLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.InvalidValueException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A lock of one client. */
final class FencepostLockImpl implements FencepostLock {
  private static final Duration MAX_WAIT = Duration.ofDays(365);

  private final ClientContext context;
  private final AcquireTemplate template;

  FencepostLockImpl(ClientContext context, LockOptions options) {
    this.context = context;
    this.template = AcquireTemplate.of(options);
  }

  AcquireTemplate template() {
    return template;
  }

  @Override
  public String name() {
    return template.options().name().value();
  }

  @Override
  public FencepostLock withTtl(Duration ttl) {
    return new FencepostLockImpl(context, template.options().withTtl(ttl));
  }

  @Override
  public FencepostLock withLockDelay(Duration delay) {
    return new FencepostLockImpl(context, template.options().withLockDelay(delay));
  }

  @Override
  public FencepostLock withMinHold(Duration hold) {
    return new FencepostLockImpl(context, template.options().withMinHold(hold));
  }

  @Override
  public FencepostLock withMaxHold(Duration hold) {
    return new FencepostLockImpl(context, template.options().withMaxHold(hold));
  }

  @Override
  public FencepostLock withOwner(String owner) {
    return new FencepostLockImpl(context, template.options().withOwner(owner));
  }

  @Override
  public FencepostLock withMetadata(Map<String, String> metadata) {
    return new FencepostLockImpl(context, template.options().withMetadata(metadata));
  }

  @Override
  public LockHandle acquire() throws InterruptedException {
    return outcome(AcquireDeadline.ENDLESS)
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  @Override
  public LockHandle acquire(Duration wait) throws InterruptedException {
    return outcome(waitNanos(wait)).fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  @Override
  public Optional<LockHandle> tryAcquire() {
    return publicHandle(start(0).outcome().join());
  }

  @Override
  public Optional<LockHandle> tryAcquire(Duration wait) throws InterruptedException {
    return publicHandle(outcome(waitNanos(wait)));
  }

  @Override
  public CompletableFuture<LockHandle> acquireAsync(Duration wait) {
    return async(wait, held -> held.fold(AcquireOutcome.Held::handle, this::refuse, this::fail));
  }

  @Override
  public CompletableFuture<Optional<LockHandle>> tryAcquireAsync(Duration wait) {
    return async(wait, this::publicHandle);
  }

  @Override
  public <T> T hold(Duration wait, HeldBody<T> body) throws Exception {
    LockHandleImpl handle =
        outcome(waitNanos(wait)).fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
    return HeldBodyRunner.run(handle, body);
  }

  @Override
  public JdkLock asLock() {
    return new JdkLockImpl(this, context.threadHolds, context.callTimeoutNanos);
  }

  @Override
  public LockHandle adopt(GrantRef grant) throws InterruptedException {
    if (!grant.lock().equals(template.options().name())) {
      throw InvalidValueException.of("grant", grant.lock(), "a grant of " + name());
    }
    return RenewOperation.adopt(context, template, grant);
  }

  @Override
  public String toString() {
    return name();
  }

  /** As {@link #acquire()}; an interrupt is kept for later. */
  LockHandleImpl acquireUninterruptibly() {
    return start(AcquireDeadline.ENDLESS)
        .outcome()
        .join()
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  LockHandleImpl acquireHandle() throws InterruptedException {
    return outcome(AcquireDeadline.ENDLESS)
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  Optional<LockHandleImpl> tryOnce() {
    return handleIfGranted(start(0).outcome().join());
  }

  /**
   * Waits for the lock at most this long, and for the answer a little longer, whether or not a
   * server can be reached. A wait of zero tries once, within the call timeout.
   */
  Optional<LockHandleImpl> tryWithin(long waitNanos, long answerNanos) throws InterruptedException {
    if (waitNanos == 0) {
      return handleIfGranted(outcome(0));
    }
    AcquireOperation claim = start(waitNanos);
    long most = ClientClock.after(waitNanos, answerNanos);
    try {
      return handleIfGranted(claim.outcome().get(most, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return claim.withdraw() ? Optional.empty() : handleIfGranted(claim.outcome().join());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      withdraw(claim);
      throw e;
    }
  }

  private AcquireOperation start(long waitNanos) {
    return AcquireOperation.start(context, template, waitNanos);
  }

  private AcquireOutcome outcome(long waitNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    AcquireOperation claim = start(waitNanos);
    try {
      return ClientFutures.awaitResult(claim.outcome());
    } catch (InterruptedException e) {
      withdraw(claim);
      throw e;
    }
  }

  private static void withdraw(AcquireOperation claim) {
    if (!claim.withdraw()) {
      ClientFutures.whenDone(claim.outcome(), (outcome, failure) -> discard(outcome));
    }
  }

  private <T> CompletableFuture<T> async(Duration wait, Function<AcquireOutcome, T> result) {
    AcquireOperation claim = start(waitNanos(wait));
    CompletableFuture<T> mine = new CompletableFuture<>();
    ClientFutures.whenDone(
        claim.outcome(),
        (outcome, failure) -> context.callbacks.execute(() -> complete(mine, outcome, result)));
    ClientFutures.whenDone(
        mine,
        // A caller that completes the future, with a value or not, does not want the lock any more.
        (value, failure) -> claim.withdraw());
    return mine;
  }

  private static <T> void complete(
      CompletableFuture<T> future, AcquireOutcome outcome, Function<AcquireOutcome, T> result) {
    try {
      if (!future.complete(result.apply(outcome))) {
        discard(outcome);
      }
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
    }
  }

  private static void discard(AcquireOutcome outcome) {
    if (outcome instanceof AcquireOutcome.Held held) {
      held.handle().close();
    }
  }

  private Optional<LockHandle> publicHandle(AcquireOutcome outcome) {
    return handleIfGranted(outcome).map(handle -> handle);
  }

  private Optional<LockHandleImpl> handleIfGranted(AcquireOutcome outcome) {
    return outcome.fold(
        held -> Optional.of(held.handle()), refused -> Optional.empty(), this::fail);
  }

  @SuppressWarnings("TypeParameterUnusedInFormals") // It never returns.
  private <T> T refuse(AcquireOutcome.Refused refused) {
    throw refused.toException(template.options().name());
  }

  @SuppressWarnings("TypeParameterUnusedInFormals") // It never returns.
  private <T> T fail(AcquireOutcome.Failed failed) {
    throw failed.failure().toException();
  }

  static long waitNanos(Duration wait) {
    if (wait.isNegative()) {
      throw InvalidValueException.of("wait", wait, "zero or more");
    }
    return wait.compareTo(MAX_WAIT) > 0 ? AcquireDeadline.ENDLESS : wait.toNanos();
  }
}
