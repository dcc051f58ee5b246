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
 * Whether this server should be sent work: its store answered lately, is the one that answered
 * first, and the server is not going. Thread-safe; changes are told one after another.
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
   * Not ready until {@link #answered}.
   *
   * @param freshFor how long one answer of the store counts
   * @param onChange told of each change; must not block
   */
  ReadinessCheck(TimerService clock, Duration freshFor, Consumer<Boolean> onChange) {
    this.clock = clock;
    this.freshFor = freshFor;
    this.onChange = onChange;
  }

  /** The store said who it is. */
  synchronized void answered(StoreInfo store) {
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
    judge();
  }

  /** Time went by. */
  synchronized void look() {
    judge();
  }

  /** The server is going; it will not be ready again. */
  synchronized void drain() {
    draining = true;
    judge();
  }

  /** Why the server is not ready; empty if it is. */
  synchronized Optional<String> obstacle() {
    judge();
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

  private void judge() {
    boolean now = !draining && storeId != null && foreignId == null && isFresh();
    if (now != ready) {
      ready = now;
      LOG.info(now ? "ready" : "not ready");
      onChange.accept(now);
    }
  }
}
