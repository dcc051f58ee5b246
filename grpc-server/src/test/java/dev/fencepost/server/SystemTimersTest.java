package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.TimerService;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SystemTimersTest {
  private final SystemTimers timers = new SystemTimers();

  @AfterEach
  void close() {
    timers.close();
  }

  @Test
  void task_runsOnceAfterItsDelay() {
    long begun = timers.nanoTime();
    CompletableFuture<Long> ran = new CompletableFuture<>();

    timers.schedule(Duration.ofMillis(30), () -> ran.complete(timers.nanoTime() - begun));

    assertThat(ran).succeedsWithin(5, TimeUnit.SECONDS);
    assertThat(Duration.ofNanos(ran.join())).isGreaterThanOrEqualTo(Duration.ofMillis(30));
  }

  @Test
  void taskThatThrows_doesNotKeepTheNextFromRunning() {
    CompletableFuture<Boolean> ran = new CompletableFuture<>();
    timers.schedule(
        Duration.ZERO,
        () -> {
          throw new IllegalStateException("on purpose");
        });
    timers.schedule(Duration.ofMillis(1), () -> ran.complete(true));

    assertThat(ran).succeedsWithin(5, TimeUnit.SECONDS);
  }

  @Test
  void cancelledTask_doesNotRun() {
    AtomicBoolean ran = new AtomicBoolean();
    CompletableFuture<Boolean> later = new CompletableFuture<>();
    TimerService.Timer timer = timers.schedule(Duration.ofMillis(20), () -> ran.set(true));
    timer.cancel();
    timers.schedule(Duration.ofMillis(40), () -> later.complete(true));

    assertThat(later).succeedsWithin(5, TimeUnit.SECONDS);
    assertThat(ran).isFalse();
  }

  @Test
  void taskAfterTheEnd_isForgotten() {
    timers.close();

    timers.schedule(Duration.ZERO, () -> {}).cancel();
  }

  @Test
  void delayOfCenturies_isAccepted() {
    timers.schedule(Duration.ofSeconds(Long.MAX_VALUE), () -> {}).cancel();
  }
}
