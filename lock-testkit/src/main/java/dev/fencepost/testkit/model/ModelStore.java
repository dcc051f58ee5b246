package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Ownership;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

/**
 * A store in memory: the records of {@link LockRecord} under one clock. Every method is one atomic
 * step that reads the clock once.
 *
 * <p>For one thread at a time; {@link ModelServer} shares one among several backends.
 */
public final class ModelStore {

  private static final long DAY_NANOS = Duration.ofDays(1).toNanos();
  private static final String CURSOR_PREFIX = "after:";

  private final LongSupplier clockMicros;
  private final BiConsumer<ReplicaId, LockName> wake;
  private final ModelRules rules;
  private final Map<LockName, LockRecord> records = new TreeMap<>();
  private final Set<LockName> spoiled = new HashSet<>();
  private final Map<ResourceName, Long> marks = new TreeMap<>(ModelStore::byName);
  private final Map<ReplicaId, Replica> replicas = new TreeMap<>();
  private String storeId;
  private long highestToken;

  /**
   * Makes an empty store.
   *
   * @param clockMicros the store's clock, in µs since 1970
   * @param storeId the id that it answers with
   * @param wake told, after the step that caused it, which replica's turn has come at which lock
   */
  public ModelStore(
      LongSupplier clockMicros, String storeId, BiConsumer<ReplicaId, LockName> wake) {
    this(clockMicros, storeId, wake, new ModelRules());
  }

  ModelStore(
      LongSupplier clockMicros,
      String storeId,
      BiConsumer<ReplicaId, LockName> wake,
      ModelRules rules) {
    this.clockMicros = clockMicros;
    this.storeId = storeId;
    this.wake = wake;
    this.rules = rules;
  }

  /** Takes the lock for the claim, if it may have it. */
  public Attempt tryAcquire(ModelCaller caller, Claim claim, QueueIntent line) {
    return change(caller, claim.lock(), (lock, asker) -> rules.acquire(lock, asker, claim, line));
  }

  /** Ends one grant and gives the lock to the next claim. */
  public HandOver handOver(ModelCaller caller, GrantRef from, Claim to, QueueIntent line) {
    ModelRules.Passing passing = new ModelRules.Passing(from, to, line);
    return change(caller, from.lock(), (lock, asker) -> rules.handOver(lock, asker, passing));
  }

  /** Extends a grant. */
  public Renewal renew(ModelCaller caller, GrantRef grant) {
    return change(caller, grant.lock(), (lock, asker) -> rules.renew(lock, asker, grant));
  }

  /** Ends a claim's grant. */
  public Release release(ModelCaller caller, ReleaseCommand order) {
    return change(caller, order.lock(), (lock, asker) -> rules.release(lock, asker, order));
  }

  /** Ends the lock's grant, regardless of its holder. */
  public Revocation forceRelease(ModelCaller caller, ForceReleaseCommand order) {
    return change(caller, order.lock(), (lock, asker) -> rules.forceRelease(lock, asker, order));
  }

  /** Removes the replica from the lock's queue; returns true if anything changed. */
  public boolean leave(ModelCaller caller, LockName lock) {
    return change(caller, lock, rules::leave);
  }

  /** Returns the states of the locks in the given order, without unreadable ones. */
  public List<LockState> describe(Collection<LockName> locks) {
    long now = clockMicros.getAsLong();
    return locks.stream()
        .filter(lock -> !spoiled.contains(lock))
        .map(lock -> record(lock).stateAt(now))
        .toList();
  }

  /** A page of the locks that are held, closed or waited for, by the order of their names. */
  public LockPage list(ListQuery query) {
    long now = clockMicros.getAsLong();
    Optional<LockName> after = query.after().map(ModelStore::read);
    List<LockState> found = new ArrayList<>();
    for (LockRecord lock : records.values()) {
      if (lock.isIdleAt(now)
          || spoiled.contains(lock.name())
          || !lock.name().value().startsWith(query.prefix())
          || after.filter(last -> lock.name().compareTo(last) <= 0).isPresent()) {
        continue;
      }
      if (found.size() == query.limit()) {
        return new LockPage(found, Optional.of(write(found.get(found.size() - 1).lock())));
      }
      found.add(lock.stateAt(now));
    }
    return new LockPage(found, Optional.empty());
  }

  /** Checks a token against a resource's mark and raises the mark. */
  public FenceAdvance advance(ResourceName resource, FencingToken token) {
    long mark = marks.getOrDefault(resource, 0L);
    long limit =
        Math.addExact(
            Math.max(highestToken, TimeUnit.MICROSECONDS.toNanos(clockMicros.getAsLong())),
            DAY_NANOS);
    if (token.value() > limit) {
      return new FenceAdvance.TooFarAhead(limit);
    }
    long raised = rules.markAfter(mark, token.value());
    marks.put(resource, raised);
    FencingToken present = new FencingToken(raised);
    if (token.value() < mark) {
      return new FenceAdvance.Stale(present);
    }
    return token.value() == mark
        ? new FenceAdvance.Unchanged(present)
        : new FenceAdvance.Advanced(present);
  }

  /** Deletes a resource's mark and returns it. */
  public Optional<FencingToken> resetMark(ResourceName resource) {
    return Optional.ofNullable(marks.remove(resource)).map(FencingToken::new);
  }

  /** Writes a replica's entry, or writes it again. */
  public void register(Replica replica) {
    replicas.put(replica.id(), replica);
  }

  /** Removes a replica's entry; its grants and its places in queues stay. */
  public void deregister(ReplicaId replica) {
    replicas.remove(replica);
  }

  /** Returns the store's id and the live replicas. */
  public StoreInfo info() {
    StoreInfo.LeaseTerms leases =
        new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));
    return new StoreInfo("model", storeId, leases, List.copyOf(replicas.values()));
  }

  /** Purges the records of unused locks, with their last tokens. */
  public void purgeIdle() {
    long now = clockMicros.getAsLong();
    records.values().removeIf(lock -> lock.isIdleAt(now));
  }

  /**
   * Ends the lock's lease and its lock delay now, and wakes the first replica in its queue.
   *
   * @return false if no lease runs
   */
  public boolean expire(LockName name) {
    LockRecord lock = record(name);
    long now = clockMicros.getAsLong();
    if (!(lock.stateAt(now).status() instanceof LockStatus.Held)) {
      return false;
    }
    Ownership held = lock.ownership().orElseThrow();
    records.put(
        rules.key(name),
        new LockRecord(
            lock.name(),
            Optional.of(
                new Ownership(
                    held.claim(), held.claimant(), held.lease(), held.acquiredAtMicros(), now)),
            lock.token(),
            now,
            lock.turn(),
            lock.replicaQueue(),
            lock.revoked()));
    lock.replicaQueue().stream().findFirst().ifPresent(next -> wake.accept(next, name));
    return true;
  }

  /** Makes the lock's record unreadable. */
  public void spoil(LockName lock) {
    spoiled.add(lock);
  }

  /** Deletes the lock's record. */
  public void remove(LockName lock) {
    records.remove(rules.key(lock));
  }

  /** Forgets everything but the replicas, as if replaced by an empty store. */
  public void wipe(String newStoreId) {
    records.clear();
    spoiled.clear();
    marks.clear();
    highestToken = 0;
    storeId = newStoreId;
  }

  /** Raises the last token of a lock, as if a grant that ended had had it. */
  public void raiseToken(LockName name, FencingToken last) {
    LockRecord lock = record(name);
    highestToken = Math.max(highestToken, last.value());
    records.put(
        rules.key(name),
        new LockRecord(
            lock.name(),
            lock.ownership(),
            Math.max(lock.token(), last.value()),
            lock.freeAtMicros(),
            lock.turn(),
            lock.replicaQueue(),
            lock.revoked()));
  }

  /** The lock's record as it is kept. */
  public LockRecord record(LockName name) {
    return records.getOrDefault(rules.key(name), LockRecord.unused(name));
  }

  /** One step of a record's own. */
  private interface Act<T> {
    Transition<T> on(LockRecord lock, StepContext asker);
  }

  private <T> T change(ModelCaller caller, LockName name, Act<T> act) {
    if (spoiled.contains(name)) {
      throw StoreException.unreadable(name, "spoiled");
    }
    LockRecord before = record(name);
    StepContext asker =
        new StepContext(caller.self(), caller.tokenFloor(), clockMicros.getAsLong());
    Transition<T> step = act.on(before, asker);
    if (!step.after().equals(before)) {
      records.put(rules.key(name), step.after());
      highestToken = Math.max(highestToken, step.after().token());
    }
    rules.wake(step, before, caller.self()).ifPresent(next -> wake.accept(next, name));
    return step.outcome();
  }

  private static ListQuery.Cursor write(LockName last) {
    return new ListQuery.Cursor(CURSOR_PREFIX + last.value());
  }

  private static LockName read(ListQuery.Cursor cursor) {
    String text = cursor.opaque();
    if (!text.startsWith(CURSOR_PREFIX)) {
      throw InvalidValueException.of("page_token", text, "one that a page ended with");
    }
    return new LockName(text.substring(CURSOR_PREFIX.length()));
  }

  private static int byName(ResourceName a, ResourceName b) {
    return a.value().compareTo(b.value());
  }
}
