package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Different names are different locks: rule 18. */
abstract class NamesContract extends ContractPart {

  NamesContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void nastyNames_areIndependentLocks() {
    Map<LockName, Grant> grants = takeAll(EdgeCaseNames.locks());
    assertSeparate(grants);
    boolean odd = false;
    Map<LockName, Grant> kept = new HashMap<>();
    for (Grant grant : grants.values()) {
      if (odd) {
        assertReleased(b().release(grant));
      } else {
        kept.put(grant.ref().lock(), grant);
      }
      odd = !odd;
    }
    assertSeparate(kept);
    for (LockName name : grants.keySet()) {
      assertThat(isFree(a().describe(name))).as("%s", name).isEqualTo(!kept.containsKey(name));
    }
    kept.values().forEach(this::assertStands);
    kept.values().forEach(grant -> assertReleased(b().release(grant)));
  }

  @Test
  void nastyNames_areListedAsTheyAre() {
    Map<LockName, Grant> grants = takeAll(EdgeCaseNames.locks());
    assertThat(b().listAll("", 50)).extracting(LockState::lock).containsAll(grants.keySet());
    for (LockName name : grants.keySet()) {
      assertThat(b().listAll(name.value(), 50)).extracting(LockState::lock).contains(name);
    }
    grants.values().forEach(grant -> assertReleased(b().release(grant)));
  }

  @Test
  void nastyNames_areWokenAsTheyAre() {
    Map<LockName, Grant> grants = takeAll(EdgeCaseNames.locks());
    for (Grant grant : grants.values()) {
      LockName name = grant.ref().lock();
      b().busy(name, QueueIntent.JOIN);
      assertReleased(a().release(grant));
      if (store().wakesByNotification()) {
        awaitSoon(() -> b().wakes().of(name) > 0);
      }
      b().release(b().acquire(name, QueueIntent.JOIN));
    }
  }

  @Test
  void nastyNames_areIndependentResources() {
    List<String> names = EdgeCaseNames.all();
    for (int i = 0; i < names.size(); i++) {
      FencingToken mark = new FencingToken(i + 1);
      assertThat(a().advance(new ResourceName(names.get(i)), mark.value()))
          .as("%s", names.get(i))
          .isEqualTo(new FenceAdvance.Advanced(mark));
    }
    for (int i = 0; i < names.size(); i++) {
      assertThat(b().resetMark(new ResourceName(names.get(i)))).contains(new FencingToken(i + 1));
    }
  }

  /** Takes all locks at once, each with its own owner. */
  private Map<LockName, Grant> takeAll(List<LockName> names) {
    Map<LockName, CompletionStage<Attempt>> attempts = new HashMap<>();
    for (LockName name : names) {
      Claim claim =
          TestClaims.on(
              name, Lease.of(TestClaims.LONG), Claimant.named("owner " + names.indexOf(name)));
      attempts.put(name, a().backend().tryAcquire(claim, QueueIntent.NONE));
    }
    assertThat(attempts).as("no name stands twice in the list").hasSameSizeAs(names);
    Map<LockName, Grant> grants = new HashMap<>();
    attempts.forEach(
        (name, attempt) ->
            grants.put(name, ContractReplica.granted(ContractReplica.answer(attempt))));
    return grants;
  }

  private void assertSeparate(Map<LockName, Grant> grants) {
    List<LockName> names = EdgeCaseNames.locks();
    for (LockState state : b().describe(grants.keySet())) {
      Grant grant = Objects.requireNonNull(grants.get(state.lock()));
      assertThat(holder(state).token()).as("%s", state.lock()).isEqualTo(grant.token());
      assertThat(holder(state).claimTag()).isEqualTo(grant.ref().claim().tag());
      assertThat(holder(state).claimant().owner())
          .isEqualTo("owner " + names.indexOf(state.lock()));
    }
  }
}
