package dev.fencepost.testkit.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.history.CallHistory;
import dev.fencepost.testkit.history.CheckResult;
import dev.fencepost.testkit.history.HistoryChecker;
import dev.fencepost.testkit.history.SequentialChecker;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Both judges on random histories of sound and of broken stores. */
class CheckersTest {

  /** Faults that clients can see; one that merely delays the end of a lease is none of them. */
  static final List<Supplier<ModelRules>> BROKEN =
      List.of(
          BrokenOwnership.HeldLockIsGranted::new,
          BrokenOwnership.RenewalAlwaysSaysRenewed::new,
          BrokenOwnership.RenewalDoesNothing::new,
          BrokenOwnership.ReleaseIgnoresOwner::new,
          BrokenOwnership.ReleaseAlwaysSaysReleased::new,
          BrokenTokens.ResetByARelease::new);

  private static final int SEEDS = 40;
  private static final int LEAST_PROOFS = 15;

  @Test
  void soundStore_isNeverRefused() {
    for (long seed = 0; seed < SEEDS; seed++) {
      CallHistory history = history(seed, new ModelRules());
      CheckResult verdict =
          HistoryChecker.check(history, LEAST_PROOFS)
              .and(SequentialChecker.check(history, LEAST_PROOFS));
      assertThat(verdict.faults()).as("seed %d", seed).isEmpty();
    }
  }

  @ParameterizedTest
  @FieldSource("BROKEN")
  void brokenStore_isRefusedByBoth(Supplier<ModelRules> rules) {
    int byRules = 0;
    int bySearch = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      CallHistory history = history(seed, rules.get());
      byRules += HistoryChecker.check(history, 0).faults().isEmpty() ? 0 : 1;
      bySearch += isUnexplained(SequentialChecker.check(history, 0)) ? 1 : 0;
    }
    assertThat(byRules).as("histories refused in O(n log n)").isGreaterThan(SEEDS / 2);
    assertThat(bySearch).as("histories refused by the search").isGreaterThan(SEEDS / 2);
  }

  private static boolean isUnexplained(CheckResult verdict) {
    return verdict.faults().stream().anyMatch(fault -> fault.startsWith("no order explains"));
  }

  private static CallHistory history(long seed, ModelRules rules) {
    return new RandomClients(seed, rules).run(3, Duration.ofSeconds(60));
  }
}
