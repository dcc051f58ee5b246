package dev.fencepost.testkit.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildJvmTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SILENCE = Duration.ofMillis(300);

  @Test
  void child_seesItsArgumentsAndIsHeard() {
    try (ChildJvm child = ChildJvm.start(List.of("-Xmx32m"), ChildPrograms.Echo.class, "a", "ü")) {
      assertThat(child.awaitLine(line -> true, PATIENCE)).isEqualTo("arguments [a, ü]");
      child.send("one");
      child.send("two");
      assertThat(child.awaitLine(line -> line.endsWith("two"), PATIENCE)).isEqualTo("read two");
    }
  }

  @Test
  void paused_saysNothingUntilResumed() {
    try (ChildJvm child = ChildJvm.start(List.of(), ChildPrograms.Echo.class)) {
      child.awaitLine(line -> line.startsWith("arguments"), PATIENCE);
      child.pause();
      child.send("hello");
      assertThatThrownBy(() -> child.awaitLine(line -> true, SILENCE))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("no such line");
      child.resume();
      assertThat(child.awaitLine(line -> true, PATIENCE)).isEqualTo("read hello");
    }
  }

  @Test
  void killed_endsItsOutput() {
    try (ChildJvm child = ChildJvm.start(List.of(), ChildPrograms.Idle.class)) {
      child.awaitLine("idle"::equals, PATIENCE);
      child.kill();
      assertThat(child.isAlive()).isFalse();
      assertThat(child.remainingLines(PATIENCE)).isEmpty();
      assertThatThrownBy(() -> child.awaitLine(line -> true, PATIENCE))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("ended");
    }
  }

  @Test
  void terminated_answersTheSignal() {
    try (ChildJvm child = ChildJvm.start(List.of(), ChildPrograms.Idle.class)) {
      child.awaitLine("idle"::equals, PATIENCE);
      assertThat(child.terminate()).isEqualTo(128 + 15);
    }
  }

  @Test
  void parentKilled_takesItsChildAlong() {
    try (ChildJvm parent = ChildJvm.start(List.of(), ChildPrograms.Parent.class)) {
      long child = Long.parseLong(parent.awaitLine(line -> line.matches("\\d+"), PATIENCE));
      assertThat(ProcessHandle.of(child)).hasValueSatisfying(ProcessHandle::isAlive);
      assertThat(ProcessHandle.of(parent.pid()).orElseThrow().destroyForcibly()).isTrue();
      await()
          .atMost(PATIENCE)
          .until(() -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
    }
  }
}
