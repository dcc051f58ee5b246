package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.server.support.ManualTimers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadinessCheckTest {
  private final ManualTimers time = new ManualTimers();
  private final List<Boolean> told = new ArrayList<>();
  private final ReadinessCheck readiness =
      new ReadinessCheck(time, Duration.ofSeconds(5), told::add);

  @Test
  void beforeTheFirstAnswer_isNotReady() {
    assertThat(readiness.obstacle()).contains("the store has not answered yet");
    assertThat(told).isEmpty();
  }

  @Test
  void freshAnswer_isReadyForAWhile() {
    readiness.recordAnswer(store("one"));
    time.pass(Duration.ofSeconds(5));
    assertThat(readiness.obstacle()).isEmpty();

    time.pass(Duration.ofMillis(1));
    assertThat(readiness.obstacle()).contains("the store does not answer");

    readiness.recordAnswer(store("one"));
    assertThat(readiness.obstacle()).isEmpty();
    assertThat(told).containsExactly(true, false, true);
  }

  @Test
  void anotherStoreId_isNotReadyUntilTheFormerIsBack() {
    readiness.recordAnswer(store("one"));
    readiness.recordAnswer(store("two"));
    assertThat(readiness.obstacle().orElseThrow()).contains("the store was exchanged");

    readiness.recordAnswer(store("one"));
    assertThat(readiness.obstacle()).isEmpty();
    assertThat(told).containsExactly(true, false, true);
  }

  @Test
  void drain_isForGood() {
    readiness.recordAnswer(store("one"));
    readiness.drain();
    readiness.recordAnswer(store("one"));

    assertThat(readiness.obstacle()).contains("draining");
    assertThat(told).containsExactly(true, false);
  }

  private static StoreInfo store(String id) {
    Duration second = Duration.ofSeconds(1);
    return new StoreInfo("model", id, new StoreInfo.LeaseTerms(second, second, second), List.of());
  }
}
