package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a client looks at what is due. */
final class AgendaTest {
  private static final Duration RUN = Duration.ofSeconds(1);

  private final ManualTime time = new ManualTime();
  private final Agenda agenda = new Agenda(time, time);
  private final List<Long> looks = new ArrayList<>();

  /** Always due a moment later, and so long to look at. */
  private final class Busy implements Due {
    private final Duration effort;

    Busy(Duration effort) {
      this.effort = effort;
    }

    @Override
    public long dueNanos() {
      return looks.isEmpty() ? 1 : looks.get(looks.size() - 1) + 1;
    }

    @Override
    public void run(long nowNanos) {
      looks.add(nowNanos);
      time.standStill(effort);
    }
  }

  @Test
  void whatIsSoonDone_isDoneEveryFewMilliseconds() {
    agenda.<Busy>newSet().add(new Busy(Duration.ZERO));
    time.pass(RUN);
    assertThat(looks).hasSizeBetween(99, 101);
  }

  @Test
  void whatTakesLong_isDoneLessOften() {
    agenda.<Busy>newSet().add(new Busy(Duration.ofMillis(5)));
    time.pass(RUN);
    assertThat(looks).hasSizeBetween(19, 21);
  }

  @Test
  void whatTakesVeryLong_isStillDoneTenTimesASecond() {
    agenda.<Busy>newSet().add(new Busy(Duration.ofMillis(40)));
    time.pass(RUN);
    assertThat(looks).hasSizeBetween(9, 11);
  }
}
