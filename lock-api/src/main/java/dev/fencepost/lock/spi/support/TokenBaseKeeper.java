package dev.fencepost.lock.spi.support;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the base that tokens are counted from, for stores that number their writes (ZooKeeper's
 * transaction ids, etcd's revisions). A token is the base's value plus the distance from the base's
 * own write to the write that makes the token, which also checks that the base is current: so
 * tokens of two bases never mix.
 *
 * <p>A base is replaced when a replica starts and after every doubt: the store may have been
 * restored meanwhile, and would use the same positions again. The new base is not below the clock,
 * and above every token that this replica knows to be possible, by a room for the writes between
 * the read and the write. Every position takes more than a nanosecond, so tokens stay near the
 * clock.
 *
 * <p>Safe for use by many threads.
 *
 * @param <B> the store's form of a base
 */
public final class TokenBaseKeeper<B extends TokenBaseKeeper.PositionBase> {
  private static final int MAX_TRIES = 20;

  private final LongSupplier clockNanos;
  private final long room;
  private final Supplier<? extends RuntimeException> onTooManyTries;
  private final HighestToken highest = new HighestToken();
  private volatile @Nullable B current;
  private volatile long doubts;
  private @Nullable CompletableFuture<B> pending;

  /** A base as it was written. */
  public interface PositionBase {
    /** Returns the token of a write at this position. */
    long tokenAt(long position);
  }

  /** The store's side of a replacement. */
  @FunctionalInterface
  public interface BaseWriter<B> {
    /**
     * Reads the stored base and replaces it, or returns the stored one if that will do.
     *
     * @param leastValue the least value of a new base, as far as this replica knows; above what the
     *     stored base can have given, too
     * @return the base that is stored now; empty if another write came in between
     */
    CompletionStage<Optional<B>> replace(long leastValue);
  }

  /**
   * Makes a keeper without a base.
   *
   * @param clockNanos a wall clock, in ns since 1970
   * @param room how far a new base is above known tokens; more than the writes that there can be
   *     between the read and the write of a replacement
   * @param onTooManyTries the failure after {@value #MAX_TRIES} writes in between
   */
  public TokenBaseKeeper(
      LongSupplier clockNanos, long room, Supplier<? extends RuntimeException> onTooManyTries) {
    this.clockNanos = clockNanos;
    this.room = room;
    this.onTooManyTries = onTooManyTries;
  }

  /** Returns the base, as far as this replica knows. */
  public Optional<B> known() {
    return Optional.ofNullable(current);
  }

  /** Returns the base for grants that are sent now, and replaces it first if there is a doubt. */
  public CompletionStage<B> current(BaseWriter<B> writer) {
    B known = current;
    return known != null ? CompletableFuture.completedFuture(known) : replace(writer);
  }

  /** Replaces the base, or waits for the replacement that is under way. */
  public CompletionStage<B> replace(BaseWriter<B> writer) {
    CompletableFuture<B> replaced = new CompletableFuture<>();
    synchronized (this) {
      if (pending != null) {
        return pending;
      }
      pending = replaced;
    }
    AsyncCalls.start(() -> tryReplace(writer, 0))
        .whenComplete(
            (base, error) -> {
              if (error == null) {
                replaced.complete(base);
              } else {
                synchronized (this) {
                  pending = null;
                }
                replaced.completeExceptionally(AsyncCalls.cause(error));
              }
            });
    return replaced;
  }

  /** Forces a replacement before the next grant. */
  public synchronized void invalidate() {
    doubts++;
    current = null;
  }

  /**
   * Takes another base that a store showed instead of the one that a write checked.
   *
   * @return false if that is too low or not usable: then a replacement is forced
   */
  public synchronized boolean adopt(B checked, Optional<B> stored, long position) {
    if (!checked.equals(current)) {
      return true;
    }
    if (stored.filter(base -> base.tokenAt(position) > highest.value()).isEmpty()) {
      invalidate();
      return false;
    }
    current = stored.orElseThrow();
    return true;
  }

  /** Remembers a token that was seen. */
  public void recordToken(long token) {
    highest.record(token);
  }

  /** Returns the highest token that can have been granted up to a position, as far as known. */
  public long highestToken(long position) {
    B known = current;
    return Math.max(known == null ? 0 : known.tokenAt(position), highest.value());
  }

  private CompletionStage<B> tryReplace(BaseWriter<B> writer, int tries) {
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(onTooManyTries.get());
    }
    long doubtsBefore = doubts;
    long least = Math.max(clockNanos.getAsLong(), highest.value() + room);
    return writer
        .replace(least)
        .thenCompose(
            written ->
                endReplacement(written, doubtsBefore)
                    ? CompletableFuture.completedFuture(written.orElseThrow())
                    : tryReplace(writer, tries + 1));
  }

  /** In one step with the doubts: a request after a doubt never gets the base before it. */
  private synchronized boolean endReplacement(Optional<B> written, long doubtsBefore) {
    if (written.isEmpty() || doubts != doubtsBefore) {
      return false;
    }
    current = written.orElseThrow();
    pending = null;
    return true;
  }
}
