package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;

/**
 * Sends plans. What waits at the same moment travels in one transaction, which is all or nothing:
 * if one plan is refused, the others are sent again, each alone. Nothing waits for a batch to fill:
 * a few transactions are under way at most, and what comes meanwhile is the next batch. Plans for
 * locks that are known to be contended go alone from the beginning.
 *
 * <p>Safe for use by many threads.
 */
final class Sender {
  private static final int SCANNED_PER_PLAN = 4;

  private final Terms terms;
  private final Access access;
  private final Bases bases;
  private final Effects effects;
  private final Deque<Item> waiting = new ArrayDeque<>();
  private int underWay;

  /**
   * How it sends.
   *
   * @param batchSize most plans in one transaction
   * @param inFlight most batches under way
   * @param queue most plans that wait
   * @param callTimeout after which a plan that waited is not sent any more
   */
  record Terms(int batchSize, int inFlight, int queue, Duration callTimeout) {}

  /** What is known once a plan was carried out. */
  interface Effects {
    /** The plan is about to be sent. */
    void sending(Plan plan);

    /** It was carried out. */
    Written done(Plan plan, List<OpResult> results);

    /** It was not. */
    void refused(Plan plan);

    /** Nobody knows. */
    void inDoubt(Plan plan);
  }

  /**
   * What a plan that was carried out has written.
   *
   * @param token the lock's highest token afterwards; 0 if no record was written
   */
  record Written(long token) {}

  Sender(Terms terms, Access access, Bases bases, Effects effects) {
    this.terms = terms;
    this.access = access;
    this.bases = bases;
    this.effects = effects;
  }

  /**
   * Sends with others that wait; empty if it was refused.
   *
   * @param planner makes the plan when its time comes, on the base then in force
   */
  CompletableFuture<Optional<Written>> send(LockName lock, Function<Base, Plan> planner) {
    Item item = new Item(lock, planner);
    synchronized (this) {
      if (waiting.size() >= terms.queue()) {
        return CompletableFuture.failedFuture(Trouble.overloaded());
      }
      waiting.addLast(item);
    }
    pump();
    return item.answer;
  }

  /** Sends at once and alone; empty if it was refused. */
  CompletableFuture<Optional<Written>> sendAlone(LockName lock, Function<Base, Plan> planner) {
    Item item = new Item(lock, planner);
    sendAlone(item);
    return item.answer;
  }

  private void sendAlone(Item item) {
    access
        .call(handle -> carryOut(handle, List.of(item)))
        .exceptionally(
            error -> {
              item.fail(Trouble.told(error));
              return true;
            });
  }

  private void pump() {
    for (List<Item> batch = take(); !batch.isEmpty(); batch = take()) {
      List<Item> taken = batch.stream().filter(this::isInTime).toList();
      CompletableFuture<Boolean> ended =
          access
              .handle()
              .map(handle -> carryOut(handle, taken))
              .orElseGet(() -> CompletableFuture.failedFuture(Trouble.unreachable()));
      boolean atOnce = ended.isDone();
      var unused =
          ended.whenComplete(
              (done, error) -> {
                if (error != null) {
                  taken.forEach(item -> item.fail(Trouble.told(error)));
                }
                synchronized (this) {
                  underWay--;
                }
                if (!atOnce) {
                  pump();
                }
              });
    }
  }

  private boolean isInTime(Item item) {
    boolean isInTime = System.nanoTime() - item.sinceNanos < terms.callTimeout().toNanos();
    if (!isInTime) {
      item.fail(Trouble.notSent());
    }
    return isInTime;
  }

  private synchronized List<Item> take() {
    if (underWay >= terms.inFlight() || waiting.isEmpty()) {
      return List.of();
    }
    underWay++;
    List<Item> batch = new ArrayList<>(terms.batchSize());
    List<Item> passedOver = new ArrayList<>();
    Set<LockName> locks = new HashSet<>();
    int scanned = 0;
    while (!waiting.isEmpty()
        && batch.size() < terms.batchSize()
        && scanned++ < terms.batchSize() * SCANNED_PER_PLAN) {
      Item item = waiting.pollFirst();
      // The second of a lock waits, and all later ones of it.
      (locks.add(item.lock) ? batch : passedOver).add(item);
    }
    for (int i = passedOver.size() - 1; i >= 0; i--) {
      waiting.addFirst(passedOver.get(i));
    }
    return batch;
  }

  /** Completes when the ensemble owes no answer any more; then every item has one. */
  private CompletableFuture<Boolean> carryOut(Handle handle, List<Item> items) {
    if (items.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    Base base = bases.current();
    List<Op> ops = new ArrayList<>();
    boolean checksBase = false;
    List<Plan> plans = new ArrayList<>();
    for (Item item : items) {
      Plan plan = item.planner.apply(base);
      checksBase |= plan.base().isPresent();
      plans.add(plan);
    }
    if (checksBase) {
      ops.add(Op.check(base.path(), Draft.ANY));
    }
    plans.forEach(plan -> ops.addAll(plan.ops()));
    plans.forEach(effects::sending);
    Batch batch = new Batch(items, plans, checksBase ? 1 : 0, base);
    return handle
        .transact(ops)
        .handle(
            (reply, error) -> {
              if (error != null) {
                StoreException failure = (StoreException) Trouble.told(error);
                plans.forEach(effects::inDoubt);
                items.forEach(item -> item.fail(failure));
              } else if (reply.isRefused()) {
                plans.forEach(effects::refused);
                refused(handle, batch, reply);
              } else {
                done(batch, reply.results());
              }
              return true;
            });
  }

  private void done(Batch batch, List<OpResult> results) {
    int at = batch.first();
    List<Written> written = new ArrayList<>();
    for (Plan plan : batch.plans()) {
      int end = at + plan.ops().size();
      written.add(effects.done(plan, results.subList(at, end)));
      at = end;
    }
    for (int i = 0; i < written.size(); i++) {
      batch.items().get(i).answer.complete(Optional.of(written.get(i)));
    }
  }

  private void refused(Handle handle, Batch batch, Reply reply) {
    if (reply.refusedAt() < batch.first()) {
      var unused =
          bases
              .reload(handle, batch.base())
              .whenComplete(
                  (base, error) -> {
                    if (error != null) {
                      batch.items().forEach(item -> item.fail(Trouble.told(error)));
                    } else {
                      batch.items().forEach(this::sendAlone);
                    }
                  });
      return;
    }
    int culprit = batch.culprit(reply.refusedAt());
    for (int i = 0; i < batch.items().size(); i++) {
      Item item = batch.items().get(i);
      if (i != culprit) {
        sendAlone(item);
      } else {
        item.refused(reply);
      }
    }
  }

  private record Batch(List<Item> items, List<Plan> plans, int first, Base base) {
    /** Whose operation it is. */
    int culprit(int operation) {
      int end = first;
      for (int i = 0; i < plans.size(); i++) {
        end += plans.get(i).ops().size();
        if (operation < end) {
          return i;
        }
      }
      throw new IllegalStateException("no operation " + operation);
    }
  }

  private static final class Item {
    final LockName lock;
    final Function<Base, Plan> planner;
    final long sinceNanos = System.nanoTime();
    final CompletableFuture<Optional<Written>> answer = new CompletableFuture<>();

    Item(LockName lock, Function<Base, Plan> planner) {
      this.lock = lock;
      this.planner = planner;
    }

    void fail(RuntimeException failure) {
      answer.completeExceptionally(failure);
    }

    void refused(Reply reply) {
      switch (reply.why()) {
        case NONODE, NODEEXISTS, NOTEMPTY, BADVERSION -> answer.complete(Optional.empty());
        default -> fail(Trouble.of(reply.why()));
      }
    }
  }
}
