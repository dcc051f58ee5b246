package dev.fencepost.client.internal.lock;

import dev.fencepost.client.FencepostLock;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.MultiHandle;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Several locks, taken one after the other in the order of their names' bytes. */
public final class MultiHandleImpl implements MultiHandle {
  private final List<LockHandle> handles;

  private MultiHandleImpl(List<LockHandle> handles) {
    this.handles = List.copyOf(handles);
  }

  public static MultiHandleImpl acquire(List<FencepostLock> locks, Duration wait, ClientClock clock)
      throws InterruptedException {
    List<FencepostLock> inOrder = inOrder(locks);
    long end = ClientClock.after(clock.nanos(), FencepostLockImpl.waitNanos(wait));
    List<LockHandle> taken = new ArrayList<>(inOrder.size());
    boolean isComplete = false;
    try {
      for (FencepostLock lock : inOrder) {
        long left = end - clock.nanos();
        if (left <= 0 && !wait.isZero()) {
          throw AcquireOutcome.Refused.timedOut().toException(new LockName(lock.name()));
        }
        taken.add(lock.acquire(Duration.ofNanos(Math.max(0, left))));
      }
      taken.forEach(LockHandle::requireHeld);
      isComplete = true;
      return new MultiHandleImpl(taken);
    } finally {
      if (!isComplete) {
        closeAll(taken);
      }
    }
  }

  @Override
  public List<LockHandle> handles() {
    return handles;
  }

  @Override
  public boolean isHeld() {
    return handles.stream().allMatch(LockHandle::isHeld);
  }

  @Override
  public CompletableFuture<GrantLoss> lost() {
    CompletableFuture<GrantLoss> first = new CompletableFuture<>();
    handles.forEach(
        handle -> ClientFutures.whenDone(handle.lost(), (loss, failure) -> first.complete(loss)));
    return first;
  }

  @Override
  public void close() {
    closeAll(handles);
  }

  @Override
  public String toString() {
    return handles.toString();
  }

  private static List<FencepostLock> inOrder(List<FencepostLock> locks) {
    Set<String> names = new HashSet<>();
    for (FencepostLock lock : locks) {
      if (!names.add(lock.name())) {
        throw InvalidValueException.of("locks", lock.name(), "each name once");
      }
    }
    return locks.stream()
        .sorted((one, other) -> new LockName(one.name()).compareTo(new LockName(other.name())))
        .toList();
  }

  private static void closeAll(List<LockHandle> handles) {
    for (int i = handles.size() - 1; i >= 0; i--) {
      handles.get(i).close();
    }
  }
}
