package dev.fencepost.junit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.fence.MemoryFence;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AssertFencedTest {
  @RegisterExtension static final FencepostExtension FENCEPOST = new FencepostExtension();

  private final AtomicLong row = new AtomicLong();

  @Test
  void fencedWrite_passes() {
    MemoryFence fence = new MemoryFence();
    FENCEPOST
        .server()
        .assertFenced("orders/42", token -> fence.run("orders/42", token, () -> null));
  }

  @Test
  void writeWithoutAFence_isFound() {
    assertThatThrownBy(
            () -> FENCEPOST.server().assertFenced("orders/42", token -> row.set(token.value())))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("passed after one with");
  }

  @Test
  void writeThatNeverPasses_isFound() {
    assertThatThrownBy(
            () ->
                FENCEPOST
                    .server()
                    .assertFenced(
                        "orders/42",
                        token -> {
                          throw new IllegalStateException("broken");
                        }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("was refused")
        .hasRootCauseMessage("broken");
  }
}
