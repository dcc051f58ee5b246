package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Advance;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.Line;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Two names never meet in a store, whatever they look like: rule 18. */
abstract class NamesContract extends ContractPart {

  NamesContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void nastyNames_areIndependentLocks() {
    Map<LockName, Grant> grants = takeAll(NastyNames.locks());
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
    Map<LockName, Grant> grants = takeAll(NastyNames.locks());
    assertThat(b().listAll("", 50)).extracting(LockState::lock).containsAll(grants.keySet());
    for (LockName name : grants.keySet()) {
      assertThat(b().listAll(name.value(), 50)).extracting(LockState::lock).contains(name);
    }
    grants.values().forEach(grant -> assertReleased(b().release(grant)));
  }

  @Test
  void nastyNames_areWokenAsTheyAre() {
    Map<LockName, Grant> grants = takeAll(NastyNames.locks());
    for (Grant grant : grants.values()) {
      LockName name = grant.ref().lock();
      b().busy(name, Line.JOIN);
      assertReleased(a().release(grant));
      if (store().wakesByNotification()) {
        awaitSoon(() -> b().wakes().of(name) > 0);
      }
      b().release(b().acquire(name, Line.JOIN));
    }
  }

  @Test
  void nastyNames_areIndependentResources() {
    List<String> names = NastyNames.all();
    for (int i = 0; i < names.size(); i++) {
      FencingToken mark = new FencingToken(i + 1);
      assertThat(a().advance(new ResourceName(names.get(i)), mark.value()))
          .as("%s", names.get(i))
          .isEqualTo(new Advance.Advanced(mark));
    }
    for (int i = 0; i < names.size(); i++) {
      assertThat(b().resetMark(new ResourceName(names.get(i)))).contains(new FencingToken(i + 1));
    }
  }

  /** Takes all at once, each with an owner of its own. */
  private Map<LockName, Grant> takeAll(List<LockName> names) {
    Map<LockName, CompletionStage<Attempt>> attempts = new HashMap<>();
    for (LockName name : names) {
      Claim claim =
          Claims.on(name, Lease.of(Claims.LONG), Claimant.named("owner " + names.indexOf(name)));
      attempts.put(name, a().backend().tryAcquire(claim, Line.NONE));
    }
    assertThat(attempts).as("no name stands twice in the list").hasSameSizeAs(names);
    Map<LockName, Grant> grants = new HashMap<>();
    attempts.forEach((name, attempt) -> grants.put(name, Party.granted(Party.answer(attempt))));
    return grants;
  }

  private void assertSeparate(Map<LockName, Grant> grants) {
    List<LockName> names = NastyNames.locks();
    for (LockState state : b().describe(grants.keySet())) {
      Grant grant = Objects.requireNonNull(grants.get(state.lock()));
      assertThat(holder(state).token()).as("%s", state.lock()).isEqualTo(grant.token());
      assertThat(holder(state).claimTag()).isEqualTo(grant.ref().claim().tag());
      assertThat(holder(state).claimant().owner())
          .isEqualTo("owner " + names.indexOf(state.lock()));
    }
  }
}
