package dev.fencepost.server;

import dev.fencepost.core.TimerService;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks that this server is ready for calls: its store has answered recently, is the store that
 * answered first, and the server is not draining. Thread-safe. Changes are reported one after
 * another.
 */
final class ReadinessCheck {
  private static final Logger LOG = LoggerFactory.getLogger(ReadinessCheck.class);

  private final TimerService clock;
  private final Duration freshFor;
  private final Consumer<Boolean> onChange;
  private @Nullable String storeId;
  private @Nullable String foreignId;
  private long answeredAtNanos;
  private boolean draining;
  private boolean ready;

  /**
   * Creates a check that is not ready until {@link #recordAnswer}.
   *
   * @param freshFor time for which one answer of the store makes the server ready
   * @param onChange receives each change; must not block
   */
  ReadinessCheck(TimerService clock, Duration freshFor, Consumer<Boolean> onChange) {
    this.clock = clock;
    this.freshFor = freshFor;
    this.onChange = onChange;
  }

  /** Records an answer of the store, with its id. */
  synchronized void recordAnswer(StoreInfo store) {
    answeredAtNanos = clock.nanoTime();
    if (storeId == null) {
      storeId = store.id();
    }
    String foreign = store.id().equals(storeId) ? null : store.id();
    if (foreign != null && !foreign.equals(foreignId)) {
      LOG.error(
          "the store was exchanged under this server: its id is {}, it was {}. Not ready until the"
              + " former one is back; restart to serve the new one",
          foreign,
          storeId);
    }
    foreignId = foreign;
    update();
  }

  /** Makes the server not ready if the last answer is too old. */
  synchronized void refresh() {
    update();
  }

  /** Makes the server not ready for good, because it drains. */
  synchronized void drain() {
    draining = true;
    update();
  }

  /** Returns the reason why the server is not ready; empty if it is ready. */
  synchronized Optional<String> obstacle() {
    update();
    if (draining) {
      return Optional.of("draining");
    }
    if (storeId == null) {
      return Optional.of("the store has not answered yet");
    }
    if (foreignId != null) {
      return Optional.of("the store was exchanged: its id is another one than before");
    }
    return isFresh() ? Optional.empty() : Optional.of("the store does not answer");
  }

  private boolean isFresh() {
    return clock.nanoTime() - answeredAtNanos <= freshFor.toNanos();
  }

  private void update() {
    boolean now = !draining && storeId != null && foreignId == null && isFresh();
    if (now != ready) {
      ready = now;
      LOG.info(now ? "ready" : "not ready");
      onChange.accept(now);
    }
  }
}
