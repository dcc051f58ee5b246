package dev.fencepost.benchmarks.process;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The locks of a single replica. Claims for a taken lock wait in its queue. */
final class CeilingLocks {
  private final LockBackend backend;
  private final Map<LockName, LockQueue> locks = new ConcurrentHashMap<>();

  CeilingLocks(LockBackend backend) {
    this.backend = backend;
  }

  /** A claim whose answer is pending. */
  private record Waiter(Claim claim, CompletableFuture<Optional<Grant>> answer) {}

  /** A lock and its queue. */
  private static final class LockQueue {
    private final Queue<Waiter> waiters = new ArrayDeque<>();
    private boolean isTaken;

    /** Takes a free lock for the waiter; otherwise queues it, or refuses a claim without wait. */
    synchronized boolean takeOrEnqueue(Waiter waiter, boolean waits) {
      if (!isTaken) {
        isTaken = true;
        return true;
      }
      if (waits) {
        waiters.add(waiter);
      } else {
        waiter.answer().complete(Optional.empty());
      }
      return false;
    }

    synchronized @Nullable Waiter poll() {
      return waiters.poll();
    }

    /** Returns a waiter that came during the release; without one, marks the lock as free. */
    synchronized @Nullable Waiter pollOrFree() {
      Waiter next = waiters.poll();
      isTaken = next != null;
      return next;
    }
  }

  /** Acquires the lock. The result is empty if it is taken and the claim does not wait. */
  CompletionStage<Optional<Grant>> acquire(Claim claim, boolean waits) {
    Waiter waiter = new Waiter(claim, new CompletableFuture<>());
    if (queue(claim.lock()).takeOrEnqueue(waiter, waits)) {
      answer(waiter, backend.tryAcquire(claim, QueueIntent.NONE));
    }
    return waiter.answer();
  }

  CompletionStage<Release> release(GrantRef grant) {
    Waiter next = queue(grant.lock()).poll();
    if (next == null) {
      return backend
          .release(ReleaseCommand.of(grant))
          .whenComplete((ended, failure) -> passOnOrFree(queue(grant.lock())));
    }
    CompletionStage<HandOver> handOver = backend.handOver(grant, next.claim(), QueueIntent.NONE);
    answer(next, handOver.thenApply(HandOver::got));
    return handOver.thenApply(HandOver::ended);
  }

  private void passOnOrFree(LockQueue lock) {
    Waiter next = lock.pollOrFree();
    if (next != null) {
      answer(next, backend.tryAcquire(next.claim(), QueueIntent.NONE));
    }
  }

  private LockQueue queue(LockName lock) {
    return locks.computeIfAbsent(lock, name -> new LockQueue());
  }

  private static void answer(Waiter waiter, CompletionStage<Attempt> attempt) {
    attempt.whenComplete(
        (got, failure) -> {
          if (got instanceof Attempt.Granted granted) {
            waiter.answer().complete(Optional.of(granted.grant()));
          } else {
            waiter
                .answer()
                .completeExceptionally(
                    failure == null ? new IllegalStateException("not granted: " + got) : failure);
          }
        });
  }
}
