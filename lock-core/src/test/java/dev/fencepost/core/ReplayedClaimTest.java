package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.ReplayedClaimRun.PrincipalFault;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Nobody changes a grant of another principal, in any order of the steps of three callers. */
class ReplayedClaimTest {
  private static final int TURNS = 8;
  private static final int SCHEDULES = (int) Math.pow(ReplayedClaimRun.CHOICES, TURNS);

  @Test
  void replayedClaim_breaksNothingInAnyOrder() {
    for (int schedule = 0; schedule < SCHEDULES; schedule++) {
      assertThat(breaches(schedule, PrincipalFault.NONE)).as("schedule " + schedule).isEmpty();
    }
  }

  /** A check that detects nothing would prove nothing. */
  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void fault_isDetected(PrincipalFault fault) {
    int schedule = 0;
    while (schedule < SCHEDULES && breaches(schedule, fault).isEmpty()) {
      schedule++;
    }
    assertThat(schedule).as("first schedule with a breach").isLessThan(SCHEDULES);
  }

  private static List<String> breaches(int schedule, PrincipalFault fault) {
    return new ReplayedClaimRun(fault).run(schedule, TURNS);
  }
}
