package dev.fencepost.client;

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
final class RemoteLock implements FencepostLock {
  private static final Duration LONGEST_WAIT = Duration.ofDays(365);

  private final ClientParts parts;
  private final LockPlan plan;

  RemoteLock(ClientParts parts, LockTerms terms) {
    this.parts = parts;
    this.plan = LockPlan.of(terms);
  }

  LockPlan plan() {
    return plan;
  }

  @Override
  public String name() {
    return plan.terms().name().value();
  }

  @Override
  public FencepostLock withTtl(Duration ttl) {
    return new RemoteLock(parts, plan.terms().withTtl(ttl));
  }

  @Override
  public FencepostLock withLockDelay(Duration delay) {
    return new RemoteLock(parts, plan.terms().withLockDelay(delay));
  }

  @Override
  public FencepostLock withMinHold(Duration hold) {
    return new RemoteLock(parts, plan.terms().withMinHold(hold));
  }

  @Override
  public FencepostLock withMaxHold(Duration hold) {
    return new RemoteLock(parts, plan.terms().withMaxHold(hold));
  }

  @Override
  public FencepostLock withOwner(String owner) {
    return new RemoteLock(parts, plan.terms().withOwner(owner));
  }

  @Override
  public FencepostLock withMetadata(Map<String, String> metadata) {
    return new RemoteLock(parts, plan.terms().withMetadata(metadata));
  }

  @Override
  public LockHandle acquire() throws InterruptedException {
    return outcome(ClaimInFlight.ENDLESS)
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  @Override
  public LockHandle acquire(Duration wait) throws InterruptedException {
    return outcome(nanos(wait)).fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  @Override
  public Optional<LockHandle> tryAcquire() {
    return perhaps(begin(0).outcome().join());
  }

  @Override
  public Optional<LockHandle> tryAcquire(Duration wait) throws InterruptedException {
    return perhaps(outcome(nanos(wait)));
  }

  @Override
  public CompletableFuture<LockHandle> acquireAsync(Duration wait) {
    return async(wait, held -> held.fold(AcquireOutcome.Held::handle, this::refuse, this::fail));
  }

  @Override
  public CompletableFuture<Optional<LockHandle>> tryAcquireAsync(Duration wait) {
    return async(wait, this::perhaps);
  }

  @Override
  public <T> T hold(Duration wait, HeldBody<T> body) throws Exception {
    Handle handle =
        outcome(nanos(wait)).fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
    return HeldRun.run(handle, body);
  }

  @Override
  public JdkLock asLock() {
    return new ThreadLock(this, parts.threadHolds, parts.callTimeoutNanos);
  }

  @Override
  public LockHandle adopt(GrantRef grant) throws InterruptedException {
    if (!grant.lock().equals(plan.terms().name())) {
      throw InvalidValueException.of("grant", grant.lock(), "a grant of " + name());
    }
    return PromptRenewal.adopt(parts, plan, grant);
  }

  @Override
  public String toString() {
    return name();
  }

  /** As {@link #acquire()}; an interrupt is kept for later. */
  Handle acquireUninterruptibly() {
    return begin(ClaimInFlight.ENDLESS)
        .outcome()
        .join()
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  Handle acquireHandle() throws InterruptedException {
    return outcome(ClaimInFlight.ENDLESS)
        .fold(AcquireOutcome.Held::handle, this::refuse, this::fail);
  }

  Optional<Handle> tryOnce() {
    return perhapsHandle(begin(0).outcome().join());
  }

  /**
   * Waits for the lock at most so long, and for the answer a little longer, whether or not a server
   * can be reached. No wait tries once, within the call timeout.
   */
  Optional<Handle> tryWithin(long waitNanos, long answerNanos) throws InterruptedException {
    if (waitNanos == 0) {
      return perhapsHandle(outcome(0));
    }
    ClaimInFlight claim = begin(waitNanos);
    long most = ClientClock.after(waitNanos, answerNanos);
    try {
      return perhapsHandle(claim.outcome().get(most, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return claim.withdraw() ? Optional.empty() : perhapsHandle(claim.outcome().join());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      takeBack(claim);
      throw e;
    }
  }

  private ClaimInFlight begin(long waitNanos) {
    return ClaimInFlight.begin(parts, plan, waitNanos);
  }

  private AcquireOutcome outcome(long waitNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    ClaimInFlight claim = begin(waitNanos);
    try {
      return Waiting.forAnswer(claim.outcome());
    } catch (InterruptedException e) {
      takeBack(claim);
      throw e;
    }
  }

  private static void takeBack(ClaimInFlight claim) {
    if (!claim.withdraw()) {
      Waiting.whenDone(claim.outcome(), (outcome, failure) -> discard(outcome));
    }
  }

  private <T> CompletableFuture<T> async(Duration wait, Function<AcquireOutcome, T> result) {
    ClaimInFlight claim = begin(nanos(wait));
    CompletableFuture<T> mine = new CompletableFuture<>();
    Waiting.whenDone(
        claim.outcome(),
        (outcome, failure) -> parts.callbacks.execute(() -> complete(mine, outcome, result)));
    Waiting.whenDone(
        mine,
        // Whoever completes it otherwise, with a value or not, wants the lock no more.
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

  private Optional<LockHandle> perhaps(AcquireOutcome outcome) {
    return perhapsHandle(outcome).map(handle -> handle);
  }

  private Optional<Handle> perhapsHandle(AcquireOutcome outcome) {
    return outcome.fold(
        held -> Optional.of(held.handle()), refused -> Optional.empty(), this::fail);
  }

  @SuppressWarnings("TypeParameterUnusedInFormals") // It never returns.
  private <T> T refuse(AcquireOutcome.Refused refused) {
    throw new LockNotGrantedException(plan.terms().name(), refused.refusal());
  }

  @SuppressWarnings("TypeParameterUnusedInFormals") // It never returns.
  private <T> T fail(AcquireOutcome.Failed failed) {
    throw failed.trouble().toException();
  }

  static long nanos(Duration wait) {
    if (wait.isNegative()) {
      throw InvalidValueException.of("wait", wait, "zero or more");
    }
    return wait.compareTo(LONGEST_WAIT) > 0 ? ClaimInFlight.ENDLESS : wait.toNanos();
  }
}
