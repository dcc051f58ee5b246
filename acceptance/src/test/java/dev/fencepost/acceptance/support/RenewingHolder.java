package dev.fencepost.acceptance.support;

import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.RenewResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A grant that is renewed again and again, until it is lost or given back. */
public final class RenewingHolder {

  private final ReplicaSet replicas;
  private final ClaimAttempt claim;
  private final long token;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private volatile ScheduledFuture<?> pulse;
  private volatile long renewedSentNanos;
  private volatile Optional<LossReason> loss = Optional.empty();
  private volatile boolean released;

  private RenewingHolder(ReplicaSet replicas, ClaimAttempt claim, long token) {
    this.replicas = replicas;
    this.claim = claim;
    this.token = token;
  }

  /** Acquires a free lock and renews it from now on. */
  public static RenewingHolder of(
      ReplicaSet replicas, ClaimAttempt claim, ScheduledExecutorService timers, Duration every) {
    long token = replicas.acquire(claim, Duration.ZERO);
    RenewingHolder holder = new RenewingHolder(replicas, claim, token);
    holder.pulse =
        timers.scheduleWithFixedDelay(
            holder::renew, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    return holder;
  }

  /** Its claim. */
  public ClaimAttempt claim() {
    return claim;
  }

  /** Its token. */
  public long token() {
    return token;
  }

  /** Why it is lost; empty if it is not, as far as it knows. */
  public Optional<LossReason> loss() {
    return loss;
  }

  /** Whether a renewal that was sent after that moment of the monotonic clock was answered well. */
  public boolean wasRenewedAfter(long nanos) {
    return renewedSentNanos - nanos > 0;
  }

  /** Stops renewing and gives the lock back. */
  public void release() {
    released = true;
    pulse.cancel(false);
    replicas.ask(caller -> caller.release(claim, token));
  }

  private void renew() {
    if (loss.isPresent() || released || underWay.getAndSet(true)) {
      return;
    }
    long sentNanos = System.nanoTime();
    var unused =
        replicas
            .once(caller -> caller.renew(claim, token))
            .whenComplete(
                (answer, failure) -> {
                  if (answer != null) {
                    answered(answer, sentNanos);
                  }
                  underWay.set(false);
                });
  }

  private void answered(RenewResponse answer, long sentNanos) {
    if (answer.hasLost()) {
      loss = Optional.of(answer.getLost().getReason());
    } else if (answer.getRenewed().getFencingToken() == token) {
      renewedSentNanos = sentNanos;
    } else {
      throw new AssertionError("renewed with another token: " + answer);
    }
  }
}
