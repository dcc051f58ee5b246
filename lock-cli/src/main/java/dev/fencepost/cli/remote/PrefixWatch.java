package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockChangeKind;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Watches a prefix: lists its locks every second and reports the differences. */
public final class PrefixWatch implements ChangeSource {
  private static final long PERIOD_MILLIS = 1_000;

  private final LockPager pager;
  private final String prefix;
  private final Map<String, Lock> known = new HashMap<>();
  private LockChangeKind newLockKind = LockChangeKind.LOCK_CHANGE_KIND_STATE;

  public PrefixWatch(ServerPool servers, Duration timeout, String prefix) {
    this.pager = new LockPager(servers, timeout);
    this.prefix = prefix;
  }

  @Override
  public void follow(Receiver receiver) throws InterruptedException {
    while (true) {
      poll(receiver);
      newLockKind = LockChangeKind.LOCK_CHANGE_KIND_GRANTED;
      TimeUnit.MILLISECONDS.sleep(PERIOD_MILLIS);
    }
  }

  private void poll(Receiver receiver) throws InterruptedException {
    Map<String, Lock> present = new LinkedHashMap<>();
    pager.visit(
        prefix,
        lock -> {
          present.put(lock.getName(), lock);
          return true;
        });
    receiver.onConnected();
    for (Lock lock : present.values()) {
      Lock before = known.put(lock.getName(), lock);
      if (before == null || !isSame(before, lock)) {
        receiver.onChange(change(before, lock));
      }
    }
    List<Lock> vanished =
        known.values().stream().filter(lock -> !present.containsKey(lock.getName())).toList();
    for (Lock lock : vanished) {
      known.remove(lock.getName());
      // A list does not say whether the lock was released or its lease expired.
      receiver.onChange(
          LockChange.newBuilder()
              .setLock(Lock.newBuilder().setName(lock.getName()).setLastToken(token(lock)))
              .build());
    }
  }

  private LockChange change(@Nullable Lock before, Lock now) {
    boolean isNewGrant =
        now.getHoldersCount() > 0 && (before == null || token(before) < token(now));
    LockChange.Builder change = LockChange.newBuilder().setLock(now);
    if (isNewGrant || newLockKind == LockChangeKind.LOCK_CHANGE_KIND_STATE) {
      change.setKind(newLockKind);
    }
    return change.build();
  }

  /** Compares two states of a lock, without the remaining lease time, which always differs. */
  private static boolean isSame(Lock one, Lock other) {
    return holders(one).equals(holders(other))
        && one.hasAvailableIn() == other.hasAvailableIn()
        && one.getWaiterCount() == other.getWaiterCount()
        && one.getOtherReplicasWaiting() == other.getOtherReplicasWaiting();
  }

  private static List<Long> holders(Lock lock) {
    return lock.getHoldersList().stream().map(Holder::getFencingToken).toList();
  }

  private static long token(Lock lock) {
    return lock.getHoldersList().stream()
        .mapToLong(Holder::getFencingToken)
        .reduce(lock.getLastToken(), Math::max);
  }
}
