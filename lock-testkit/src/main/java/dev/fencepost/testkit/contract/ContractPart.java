package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Base of the parts of the contract: the fixture and shared assertions. */
abstract class ContractPart {

  /** Tolerance for clocks and their units. */
  static final Duration TOLERANCE = Duration.ofMillis(100);

  private final LockBackendContract suite;

  ContractPart(LockBackendContract suite) {
    this.suite = suite;
  }

  final ContractFixture scene() {
    return suite.scene();
  }

  final StoreUnderTest store() {
    return scene().store();
  }

  final ContractReplica a() {
    return scene().party(0);
  }

  final ContractReplica b() {
    return scene().party(1);
  }

  final ContractReplica c() {
    return scene().party(2);
  }

  final LockName newLock() {
    return scene().newLock();
  }

  /** Waits for a condition that must hold once the given time has passed. */
  final void awaitAfter(Duration time, Callable<Boolean> condition) {
    store().elapse(time);
    awaitSoon(condition);
  }

  /** Waits for a condition that may take the store some time. */
  final void awaitSoon(Callable<Boolean> condition) {
    await()
        .pollInterval(Duration.ofMillis(20))
        .pollDelay(Duration.ZERO)
        .atMost(store().patience())
        .until(condition);
  }

  static Holder holder(LockState state) {
    return ContractReplica.read(state, LockState::holder);
  }

  static LockStatus.Closed closed(LockState state) {
    return ContractReplica.read(
        state,
        s ->
            s.status()
                .fold(
                    held -> Optional.<LockStatus.Closed>empty(),
                    Optional::of,
                    f -> Optional.empty()));
  }

  static boolean isFree(LockState state) {
    return state.status() instanceof LockStatus.Free;
  }

  /** Asserts that exactly this grant holds its lock, by a read and a renewal. */
  final void assertStands(Grant grant) {
    assertThat(holder(a().describe(grant.ref().lock())).token()).isEqualTo(grant.token());
    assertThat(a().renewed(grant).ref()).isEqualTo(grant.ref());
  }

  static void assertReleased(Release release) {
    assertThat(release).isEqualTo(new Release.Released());
  }
}
