package dev.fencepost.client.internal.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SuspendAwareClockTest {
  private long monotonic = -5_000_000_000L;
  private long wall = 1_800_000_000_000L;
  private final SuspendAwareClock clock = new SuspendAwareClock(() -> monotonic, () -> wall);

  @Test
  void startsAtOne_andFollowsTheMonotonicClock() {
    assertThat(clock.nanos()).isEqualTo(1);
    both(Duration.ofHours(5));
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofHours(5).toNanos());
  }

  @Test
  void suspend_counts() {
    both(Duration.ofSeconds(1));
    wall += 60_000;
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofSeconds(61).toNanos());
    both(Duration.ofSeconds(1));
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofSeconds(62).toNanos());
  }

  @Test
  void wallClockSetBack_changesNothing() {
    both(Duration.ofSeconds(1));
    wall -= 3_600_000;
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofSeconds(1).toNanos());
    both(Duration.ofSeconds(1));
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofSeconds(2).toNanos());
    wall += 60_000;
    assertThat(clock.nanos()).isEqualTo(1 + Duration.ofSeconds(62).toNanos());
  }

  @Test
  void wallClockThatIsSlewed_neverTakesTheClockBack() {
    long last = clock.nanos();
    for (int i = 0; i < 100_000; i++) {
      monotonic += 1_000_000;
      wall += i % 2_000 == 0 ? 2 : i % 3_000 == 0 ? 0 : 1;
      long now = clock.nanos();
      assertThat(now).isGreaterThanOrEqualTo(last);
      last = now;
    }
    assertThat(last)
        .isBetween(Duration.ofSeconds(100).toNanos(), Duration.ofMillis(100_120).toNanos());
  }

  private void both(Duration span) {
    monotonic += span.toNanos();
    wall += span.toMillis();
  }
}
