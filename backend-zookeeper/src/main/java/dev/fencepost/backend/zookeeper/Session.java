package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.Sender.Written;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/** A backend that is open: its parts, joined. Safe for use by many threads. */
final class Session implements AutoCloseable {
  private final ScheduledThreadPoolExecutor timers;
  private final Access access;
  private final Places places;
  private final Registry registry;
  private final Bases bases;
  private final Reads reads;
  private final Tender tender;
  private final Plans plans;
  private final Sender sender;
  private final Quick quick;
  private final Steps steps;
  private final Answers answers;
  private final Marks marks;
  private final Sweep sweep;
  private final Listing listing;
  private final Foundation foundation;
  private final KnownLocks known = new KnownLocks();
  private final KnownLocks lined = new KnownLocks();
  private final ServerClock clock = new ServerClock();
  private final Connection connection;

  Session(ZookeeperSettings settings, Replica self, Consumer<LockName> wake, Random random) {
    Layout layout = settings.layout();
    List<ACL> acl = Link.acl(settings);
    timers = Connection.newTimers();
    access = new Access(layout.root(), settings.queue(), settings.callTimeout());
    places = new Places(layout, self.id(), wake);
    bases = new Bases(layout, acl, clock, random);
    foundation = new Foundation(layout, acl);
    reads = new Reads(layout, access, places, bases, clock);
    plans = new Plans(layout, self.id(), acl, places, random.nextLong());
    tender = new Tender(timers, new TenderWork());
    Sender.Terms terms =
        new Sender.Terms(
            settings.batchSize(), settings.inFlight(), settings.queue(), settings.callTimeout());
    sender = new Sender(terms, access, bases, new Bookkeeping());
    quick = new Quick(sender, plans, tender, places, known, lined);
    Steps.Parts parts = new Steps.Parts(self.id(), reads, sender, plans, places, lined, clock);
    steps = new Steps(parts, settings.callTimeout(), this::repair);
    answers = new Answers(reads);
    marks = new Marks(layout, acl, access, reads, settings.markRetention());
    sweep = new Sweep(layout, access, reads, tender, known, clock);
    listing = new Listing(sweep, reads);
    registry = new Registry(layout, acl, clock, self, this::someoneGone);
    Connection.Parts welcomed =
        new Connection.Parts(
            access, places, registry, bases, foundation, tender, sweep, clock, known);
    connection = new Connection(settings, welcomed, timers, random);
  }

  /** Connects; fails if that takes longer than a call may. */
  CompletableFuture<StoreInfo> open() {
    return connection.open().thenCompose(ready -> info());
  }

  CompletableFuture<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return quick
        .acquire(claim, line)
        .thenCompose(
            or(
                () ->
                    steps.change(
                        claim.lock(), Snapshot.Remaining.ESTIMATED, answers.acquire(claim, line))));
  }

  CompletableFuture<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return quick
        .handOver(from, to, line)
        .thenCompose(
            or(
                () ->
                    steps.change(
                        from.lock(),
                        Snapshot.Remaining.ESTIMATED,
                        answers.handOver(from, to, line))));
  }

  CompletableFuture<Renewal> renew(GrantRef grant) {
    return quick
        .renew(grant)
        .thenCompose(
            or(
                () ->
                    steps.change(
                        grant.lock(), Snapshot.Remaining.ESTIMATED, answers.renew(grant))));
  }

  CompletableFuture<Release> release(ReleaseCommand order) {
    return quick
        .release(order)
        .thenCompose(
            or(
                () ->
                    steps.change(
                        order.lock(), Snapshot.Remaining.ESTIMATED, answers.release(order))));
  }

  CompletableFuture<Revocation> forceRelease(ForceReleaseCommand order) {
    // What is left of a lease is only estimated here: the lock stays closed for a whole one.
    return steps.change(order.lock(), Snapshot.Remaining.FULL, answers.forceRelease(order));
  }

  CompletableFuture<Boolean> leave(LockName lock) {
    places.forgetTurn(lock);
    return steps.change(lock, Snapshot.Remaining.ESTIMATED, answers.leave());
  }

  CompletableFuture<StoreInfo> info() {
    return access
        .call(foundation::lay)
        .thenCombine(
            registry.list(access),
            (id, replicas) ->
                new StoreInfo(
                    "zookeeper",
                    id,
                    new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1)),
                    replicas));
  }

  CompletableFuture<Boolean> announce(Replica changed) {
    return registry.announce(access, changed);
  }

  Reads reads() {
    return reads;
  }

  Listing listing() {
    return listing;
  }

  Marks marks() {
    return marks;
  }

  /** For tests: forgets at once what has been idle for so long. */
  CompletableFuture<Boolean> purge(int firstBucket, Sweep.Ages ages) {
    return firstBucket >= NodeName.BUCKETS
        ? CompletableFuture.completedFuture(true)
        : sweep
            .purge(firstBucket, ages)
            .thenCompose(done -> purge(firstBucket + Sweep.GROUP, ages));
  }

  /** For tests: fence marks with a retention of their own. */
  Marks marks(Duration retention) {
    return marks.keptFor(retention);
  }

  /** For tests: how many states this replica looks after. */
  int kept() {
    return tender.size();
  }

  @Override
  public void close() {
    connection.close();
  }

  private CompletableFuture<Boolean> repair() {
    known.clear();
    return access.call(foundation::repair).thenApply(id -> true);
  }

  private void someoneGone() {
    connection.sweepSoon();
  }

  private static <T> Function<Optional<T>, CompletableFuture<T>> or(
      Supplier<CompletableFuture<T>> otherwise) {
    return quick -> quick.map(CompletableFuture::completedFuture).orElseGet(otherwise);
  }

  /** What the tender asks of the others. */
  private final class TenderWork implements Tender.Work {
    @Override
    public CompletableFuture<Snapshot> look(LockName lock) {
      return reads.snapshot(lock);
    }

    @Override
    public CompletableFuture<Boolean> end(Snapshot snapshot) {
      return sender
          .sendAlone(snapshot.lock(), base -> plans.ending(snapshot))
          .thenApply(Optional::isPresent);
    }

    @Override
    public boolean isKeptByAnother(LockNode node) {
      return !node.keeper().equals(registry.self()) && registry.isLiving(node.keeper());
    }
  }

  /** Notes what plans did. */
  private final class Bookkeeping implements Sender.Effects {
    @Override
    public void sending(Plan plan) {
      if (plan.leavesPlace()) {
        places.leaving(plan.lock());
      }
    }

    @Override
    public Written done(Plan plan, List<OpResult> results) {
      LockName lock = plan.lock();
      if (plan.leavesPlace()) {
        places.left(lock);
      }
      if (plan.placeAt() >= 0) {
        places.made(lock, Reply.created(results, plan.placeAt()));
      }
      if (plan.node().isEmpty()) {
        return new Written(0);
      }
      LockNode node = plan.node().orElseThrow();
      Stat stat = Reply.stat(results, plan.nodeAt());
      clock.saw(stat.getMtime());
      long token = node.token().at(stat);
      bases.saw(token);
      known.add(lock);
      tender.keep(lock, node, stat);
      return new Written(token);
    }

    @Override
    public void refused(Plan plan) {
      if (plan.leavesPlace()) {
        places.stayed(plan.lock());
      }
    }

    @Override
    public void inDoubt(Plan plan) {
      refused(plan);
      if (plan.node().isPresent()) {
        tender.doubt(plan.lock());
      }
    }
  }
}
