package dev.fencepost.core.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.LockBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Thousands of seeds in each build; {@code -Dfencepost.simulation.seed=N} replays one, {@code
 * -Dfencepost.simulation.seeds=N} changes how many.
 */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("fencepost.simulation.seeds", 4_000);
  private static final int BREACHES_SHOWN = 5;

  /** Minutes for the seeds of each build, hours for a campaign. */
  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void anySeed_breaksNoRule() {
    Long replayed = Long.getLong("fencepost.simulation.seed");
    if (replayed != null) {
      assertThat(breaches(replayed, backend -> backend)).isEmpty();
      return;
    }
    List<String> found = new ArrayList<>();
    for (long seed = 0; seed < SEEDS && found.size() < BREACHES_SHOWN; seed++) {
      for (String breach : breaches(seed, backend -> backend)) {
        found.add("seed " + seed + ": " + breach);
      }
    }
    assertThat(found).as("breaches; replay one with -Dfencepost.simulation.seed=N").isEmpty();
  }

  @Test
  void samePlay_fromTheSameSeed() {
    assertThat(breaches(7, Mutation.GIVES_BACK.inject))
        .isEqualTo(breaches(7, Mutation.GIVES_BACK.inject));
  }

  /** A checker that detects nothing would prove nothing. */
  @ParameterizedTest
  @EnumSource(Mutation.class)
  void mutation_isDetected(Mutation mutation) {
    List<String> found = new ArrayList<>();
    for (long seed = 0; seed < 200 && found.isEmpty(); seed++) {
      breaches(seed, mutation.inject).stream()
          .filter(breach -> breach.contains(mutation.rule))
          .forEach(found::add);
    }
    assertThat(found).as("breaches of " + mutation.rule).isNotEmpty();
  }

  private static List<String> breaches(long seed, UnaryOperator<LockBackend> mutation) {
    try {
      return new Simulation(seed, mutation).run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e, e);
    }
  }
}
