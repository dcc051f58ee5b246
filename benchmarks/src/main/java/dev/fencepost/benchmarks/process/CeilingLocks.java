package dev.fencepost.benchmarks.process;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
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

/** The locks of one replica that is alone: who comes while a lock is taken stands in its queue. */
final class CeilingLocks {
  private final LockBackend backend;
  private final Map<LockName, Queued> locks = new ConcurrentHashMap<>();

  CeilingLocks(LockBackend backend) {
    this.backend = backend;
  }

  private record Waiter(Claim claim, CompletableFuture<Optional<Grant>> answer) {}

  private static final class Queued {
    private final Queue<Waiter> waiters = new ArrayDeque<>();
    private boolean isTaken;

    /** Whether the waiter may try now; else it stands in line, if it waits. */
    synchronized boolean mayTry(Waiter waiter, boolean waits) {
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

    synchronized @Nullable Waiter next() {
      return waiters.poll();
    }

    /** Who came while the lock was given back; if nobody did, it is free. */
    synchronized @Nullable Waiter nextOrFree() {
      Waiter next = waiters.poll();
      isTaken = next != null;
      return next;
    }
  }

  /** Empty if it is taken and the claim does not wait. */
  CompletionStage<Optional<Grant>> acquire(Claim claim, boolean waits) {
    Waiter waiter = new Waiter(claim, new CompletableFuture<>());
    if (of(claim.lock()).mayTry(waiter, waits)) {
      settle(waiter, backend.tryAcquire(claim, QueueIntent.NONE));
    }
    return waiter.answer();
  }

  CompletionStage<Release> release(GrantRef grant) {
    Waiter next = of(grant.lock()).next();
    if (next == null) {
      return backend
          .release(ReleaseCommand.of(grant))
          .whenComplete((ended, failure) -> free(of(grant.lock())));
    }
    CompletionStage<dev.fencepost.lock.HandOver> handOver =
        backend.handOver(grant, next.claim(), QueueIntent.NONE);
    settle(next, handOver.thenApply(dev.fencepost.lock.HandOver::got));
    return handOver.thenApply(dev.fencepost.lock.HandOver::ended);
  }

  private void free(Queued lock) {
    Waiter next = lock.nextOrFree();
    if (next != null) {
      settle(next, backend.tryAcquire(next.claim(), QueueIntent.NONE));
    }
  }

  private Queued of(LockName lock) {
    return locks.computeIfAbsent(lock, name -> new Queued());
  }

  private static void settle(Waiter waiter, CompletionStage<Attempt> attempt) {
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
