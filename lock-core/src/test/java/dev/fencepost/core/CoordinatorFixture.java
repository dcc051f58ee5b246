package dev.fencepost.core;

import dev.fencepost.core.simulation.VirtualTime;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.model.ModelServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/** A coordinator on an in-memory store. Each command takes one millisecond of virtual time. */
final class CoordinatorFixture {
  static final LockName LOCK = new LockName("orders/42");
  static final Duration LONG = Duration.ofMinutes(5);

  final VirtualTime time = new VirtualTime(1);
  final ModelServer store;
  final List<String> commands = new ArrayList<>();
  final LockCoordinator coordinator;
  private int claims;

  /** Number of the next attempts that fail. */
  int failing;

  /** Number of the next renewals that fail. */
  int failingRenewals;

  /** The store has no room for new grants. */
  boolean full;

  /** Number of the next reads that get an answer which violates the contract. */
  int wrongLooks;

  CoordinatorFixture(CoordinatorSettings settings) {
    this(settings, Duration.ofMillis(1));
  }

  /** A store where each command takes this long. */
  CoordinatorFixture(CoordinatorSettings settings, Duration command) {
    this.store = new ModelServer(time::clockMicros, task -> time.schedule(command, task));
    this.coordinator = replica(7, settings);
  }

  /** Adds a replica on the same store. */
  LockCoordinator replica(long id, CoordinatorSettings settings) {
    return replica(id, settings, UnaryOperator.identity());
  }

  /** Adds a replica whose backend is wrapped. */
  LockCoordinator replica(
      long id, CoordinatorSettings settings, UnaryOperator<LockBackend> tampering) {
    Replica self = new Replica(ReplicaId.of(id), "desk:" + id, Replica.Phase.SERVING);
    LockCoordinator replica =
        new LockCoordinator(tampering.apply(new Counted()), self, settings, time, time.random);
    finish(replica.open());
    return replica;
  }

  Claim claim() {
    return claim(new ClaimId(String.format(Locale.ROOT, "claim-%022d", claims++)));
  }

  Claim claim(LockName lock) {
    Claim claim = claim();
    return new Claim(lock, claim.id(), claim.lease(), claim.claimant());
  }

  static Claim claim(ClaimId id) {
    return new Claim(LOCK, id, Lease.of(Duration.ofSeconds(10)), Claimant.named("tester"));
  }

  PendingAcquire acquire(Claim claim, Duration maxWait) {
    return coordinator.acquire(new AcquireCommand(claim, maxWait, Duration.ZERO, "tester"));
  }

  /** Takes the lock at once through a replica. */
  Grant grabThrough(LockCoordinator replica) {
    return grantOf(
        replica.acquire(new AcquireCommand(claim(), Duration.ZERO, Duration.ZERO, "tester")));
  }

  /** Takes the lock at once. */
  Grant grab() {
    return grantOf(acquire(claim(), Duration.ZERO));
  }

  /** Starts a claim that waits, and lets it reach its place. */
  PendingAcquire waiter() {
    PendingAcquire call = acquire(claim(), LONG);
    time.run(Duration.ofMillis(5));
    return call;
  }

  Grant grantOf(PendingAcquire call) {
    return finish(call.answer())
        .fold(
            AcquireAnswer.Granted::grant,
            refused -> {
              throw new AssertionError("not granted: " + refused);
            });
  }

  AcquireAnswer.NotGranted refusalOf(PendingAcquire call) {
    return (AcquireAnswer.NotGranted) finish(call.answer());
  }

  CompletionStage<Release> release(Grant grant) {
    return coordinator.release(ReleaseCommand.of(grant.ref()), MakerCheck.EXACT);
  }

  static boolean isAnswered(PendingAcquire call) {
    return call.answer().toCompletableFuture().isDone();
  }

  /** Lets time pass until the stage is complete. */
  <T> T finish(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    for (int i = 0; i < 10_000 && !future.isDone(); i++) {
      time.run(Duration.ofMillis(1));
    }
    try {
      return future.get(0, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (RuntimeException) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no answer", e);
    }
  }

  /** Records the commands that change or read a lock. */
  private final class Counted extends dev.fencepost.core.simulation.ForwardingBackend {
    Counted() {
      super(store.newBackend());
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      commands.add("tryAcquire " + intent);
      if (full) {
        return CompletableFuture.failedFuture(new StoreException(Failure.STORE_FULL, "on purpose"));
      }
      if (failing-- > 0) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_UNREACHABLE, "on purpose"));
      }
      return super.tryAcquire(claim, intent);
    }

    @Override
    public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
      commands.add("handOver " + intent);
      if (full) {
        return CompletableFuture.failedFuture(new StoreException(Failure.STORE_FULL, "on purpose"));
      }
      return super.handOver(from, to, intent);
    }

    @Override
    public CompletionStage<Renewal> renew(GrantRef grant) {
      commands.add("renew");
      if (failingRenewals-- > 0) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_UNREACHABLE, "on purpose"));
      }
      return super.renew(grant);
    }

    @Override
    public CompletionStage<Release> release(ReleaseCommand order) {
      commands.add("release");
      return super.release(order);
    }

    @Override
    public CompletionStage<Void> leave(LockName lock) {
      commands.add("leave");
      return super.leave(lock);
    }

    @Override
    public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
      commands.add("describe " + locks.size());
      if (wrongLooks-- > 0) {
        return CompletableFuture.completedFuture(null);
      }
      return super.describe(locks);
    }
  }
}
