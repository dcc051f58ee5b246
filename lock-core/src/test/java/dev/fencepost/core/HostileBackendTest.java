package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.simulation.ForwardingBackend;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A backend that breaks its contract once: the lock must not stay stuck on this replica. */
final class HostileBackendTest {
  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final Tampered[] backend = new Tampered[1];
  private final LockCoordinator replica =
      fixture.replica(8, CoordinatorSettings.DEFAULT, sound -> backend[0] = new Tampered(sound));

  /** A violation of the contract. */
  enum Misdeed {
    NO_STAGE,
    NO_ANSWER,
    ERROR,
    EXCEPTION;

    <T> CompletionStage<T> commit() {
      return switch (this) {
        case NO_STAGE -> null;
        case NO_ANSWER -> CompletableFuture.completedFuture(null);
        case ERROR -> throw new NoClassDefFoundError("on purpose");
        case EXCEPTION -> throw new IllegalStateException("on purpose");
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Misdeed.class)
  void attempt_isRepeated(Misdeed misdeed) {
    backend[0].next = misdeed;
    PendingAcquire call = acquire(CoordinatorFixture.LONG);
    assertThat(fixture.grantOf(call).ref().lock()).isEqualTo(CoordinatorFixture.LOCK);
  }

  @ParameterizedTest
  @EnumSource(Misdeed.class)
  void handOver_failsAndTheLockGoesOn(Misdeed misdeed) {
    Grant holder = fixture.grantOf(acquire(Duration.ZERO));
    PendingAcquire waiter = acquire(CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    backend[0].next = misdeed;
    CompletionStage<Release> first =
        replica.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT);
    fixture.time.run(Duration.ofMillis(5));
    assertThat(first.toCompletableFuture()).isCompletedExceptionally();
    assertThat(fixture.finish(replica.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT)))
        .isEqualTo(new Release.Released());
    fixture.grantOf(waiter);
  }

  @ParameterizedTest
  @EnumSource(Misdeed.class)
  void leave_isNotTheEnd(Misdeed misdeed) {
    Grant holder = fixture.grantOf(acquire(Duration.ZERO));
    PendingAcquire waiter = acquire(CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    backend[0].next = misdeed;
    waiter.leave();
    PendingAcquire next = acquire(CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    fixture.finish(replica.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(next);
  }

  @ParameterizedTest
  @EnumSource(Misdeed.class)
  void look_isNotTheLast(Misdeed misdeed) {
    fixture.grantOf(acquire(Duration.ZERO));
    acquire(CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    backend[0].nextLook = misdeed;
    fixture.commands.clear();
    fixture.time.run(Duration.ofSeconds(8));
    assertThat(fixture.commands).filteredOn("describe 1"::equals).hasSizeGreaterThan(3);
  }

  @ParameterizedTest
  @EnumSource(Misdeed.class)
  void renewalForACallThatJoined_isUnknownAndRepeated(Misdeed misdeed) {
    Claim claim = fixture.claim();
    PendingAcquire first = replica.acquire(order(claim, CoordinatorFixture.LONG));
    PendingAcquire joined = replica.acquire(order(claim, CoordinatorFixture.LONG));
    backend[0].nextRenewal = misdeed;
    fixture.grantOf(first);
    fixture.grantOf(joined);
  }

  @Test
  void looksOfWatchers_goOnAfterManyThatHadNoStage() {
    LockSubscription watch = replica.watch(List.of(CoordinatorFixture.LOCK), () -> {});
    for (int i = 0; i < 10; i++) {
      backend[0].nextLook = Misdeed.NO_STAGE;
      fixture.time.run(Duration.ofSeconds(2));
    }
    watch.take();
    fixture.grantOf(acquire(Duration.ZERO));
    fixture.time.run(Duration.ofSeconds(2));
    assertThat(watch.take()).isNotEmpty();
  }

  private PendingAcquire acquire(Duration maxWait) {
    return replica.acquire(order(fixture.claim(), maxWait));
  }

  private static AcquireCommand order(Claim claim, Duration maxWait) {
    return new AcquireCommand(claim, maxWait, Duration.ZERO, "tester");
  }

  /** Violates the contract once. */
  private static final class Tampered extends ForwardingBackend {
    Misdeed next;
    Misdeed nextLook;
    Misdeed nextRenewal;

    Tampered(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      return once(() -> super.tryAcquire(claim, intent));
    }

    @Override
    public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
      return once(() -> super.handOver(from, to, intent));
    }

    @Override
    public CompletionStage<Void> leave(LockName lock) {
      return once(() -> super.leave(lock));
    }

    @Override
    public CompletionStage<Renewal> renew(GrantRef grant) {
      Misdeed misdeed = nextRenewal;
      nextRenewal = null;
      return misdeed == null ? super.renew(grant) : misdeed.commit();
    }

    @Override
    public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
      Misdeed misdeed = nextLook;
      nextLook = null;
      return misdeed == null ? super.describe(locks) : misdeed.commit();
    }

    private <T> CompletionStage<T> once(Supplier<CompletionStage<T>> sound) {
      Misdeed misdeed = next;
      next = null;
      return misdeed == null ? sound.get() : misdeed.commit();
    }
  }
}
