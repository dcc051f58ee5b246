package dev.fencepost.core;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One reader's untaken states: the newest for each lock. */
final class MergedSubscription implements LockSubscription {
  private final Set<LockName> locks;
  private final Runnable onNews;
  private final WatchHub hub;
  private final Map<LockName, LockChange> untaken = new LinkedHashMap<>();
  private final Set<LockName> known = new HashSet<>();
  private final Map<LockName, Long> lastTokens = new LinkedHashMap<>();
  private boolean told;
  private boolean synced;

  MergedSubscription(Set<LockName> locks, Runnable onNews, WatchHub hub) {
    this.locks = Set.copyOf(locks);
    this.onNews = onNews;
    this.hub = hub;
  }

  Set<LockName> locks() {
    return locks;
  }

  synchronized boolean knows(LockName lock) {
    return known.contains(lock);
  }

  /** Stores the state in place of an older one. A state with a lower token is ignored. */
  synchronized void offer(LockChange change) {
    LockName lock = change.state().lock();
    long token = change.state().lastToken().map(FencingToken::value).orElse(0L);
    if (token < lastTokens.getOrDefault(lock, 0L)) {
      return;
    }
    lastTokens.put(lock, token);
    LockChange before = untaken.remove(lock);
    LockChange.Kind kind = before == null ? change.kind() : LockChange.Kind.OTHER;
    boolean first = known.add(lock) || (before != null && before.kind() == LockChange.Kind.STATE);
    untaken.put(lock, new LockChange(first ? LockChange.Kind.STATE : kind, change.state()));
  }

  /** Notifies the reader, once until it takes. */
  void tell() {
    synchronized (this) {
      if (told || untaken.isEmpty()) {
        return;
      }
      told = true;
    }
    onNews.run();
  }

  @Override
  public synchronized List<LockChange> take() {
    told = false;
    List<LockChange> taken = List.copyOf(untaken.values());
    untaken.clear();
    synced = known.size() == locks.size();
    return taken;
  }

  @Override
  public synchronized boolean isSynced() {
    return synced;
  }

  @Override
  public void close() {
    hub.remove(this);
  }
}
