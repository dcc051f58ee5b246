package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * State that survives the store's processes, and state that does not survive the loss of the store:
 * rules 2, 7, 24.
 */
abstract class DurabilityContract extends ContractPart {

  DurabilityContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void everything_outlivesARestartOfTheStore() {
    Claim claim = TestClaims.on(newLock());
    Grant held = a().acquire(claim);
    b().busy(claim.lock(), QueueIntent.JOIN);
    Grant closing = a().acquire(newLock());
    a().release(
            new ReleaseCommand(
                closing.ref().lock(),
                closing.ref().claim(),
                Optional.of(closing.token()),
                Duration.ofHours(1),
                closing.ref().principal()));
    Grant revoked = a().acquire(newLock());
    a().forceRelease(
            new ForceReleaseCommand(
                revoked.ref().lock(), "why", Optional.empty(), Optional.empty()));
    Grant former = a().acquire(newLock());
    a().release(former);
    ResourceName resource = scene().newResource();
    a().advance(resource, 77);
    String id = a().info().id();

    scene().whileClosed(store()::restart);

    assertStands(held);
    assertThat(b().acquire(claim).ref()).isEqualTo(held.ref());
    c().busy(closing.ref().lock(), QueueIntent.NONE);
    assertThat(b().lost(revoked.ref()).reason()).isEqualTo(LossReason.REVOKED);
    assertThat(c().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
    assertThat(b().advance(resource, 76)).isEqualTo(new FenceAdvance.Stale(new FencingToken(77)));
    assertThat(b().info().id()).isEqualTo(id).isEqualTo(c().opened().id());
    assertReleased(c().release(held));
  }

  @Test
  void wipedStore_hasAnotherIdAndNoLocks() {
    scene().whileClosed(() -> {});
    LockName lock = newLock();
    a().acquire(TestClaims.on(lock, ShortLeases.LEASE));
    ResourceName resource = scene().newResource();
    a().advance(resource, 5);
    String before = a().info().id();

    scene().whileClosed(store()::wipe);

    assertThat(a().info().id()).isNotBlank().isNotEqualTo(before).isEqualTo(b().opened().id());
    assertThat(a().describe(lock).holder()).isEmpty();
    assertThat(a().listAll("", 100)).isEmpty();
    assertThat(a().resetMark(resource)).isEmpty();
    ShortLeases.acquireWithin(a(), lock, store());
  }
}
