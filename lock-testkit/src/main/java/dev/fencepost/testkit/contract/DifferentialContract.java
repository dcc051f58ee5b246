package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** A random run in which the store must answer as the reference rules do, step by step. */
abstract class DifferentialContract extends ContractPart {

  /** System property: the seed of the random run, as a failure prints it. */
  static final String SEED = "fencepost.contract.seed";

  /** System property: the number of steps of the random run. */
  static final String STEPS = "fencepost.contract.steps";

  private static final int DEFAULT_STEPS = 2000;

  DifferentialContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void randomRun_agreesWithTheReferenceRules() {
    long seed = Long.getLong(SEED, new Random().nextLong());
    int steps = Integer.getInteger(STEPS, DEFAULT_STEPS);
    DifferentialRun run = new DifferentialRun(scene(), seed);
    for (int i = 0; i < steps; i++) {
      run.step();
    }
    assertThat(run.comparedSteps())
        .as("most steps are compared; seed %d", seed)
        .isGreaterThan(steps / 2);
    assertThat(run.seenOutcomes())
        .as("the run meets every kind of answer; seed %d", seed)
        .contains(
            "granted NEW", "granted EXISTING", "busy", "renewed", "released", "revoked", "foreign");
  }
}
