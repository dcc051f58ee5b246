package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.LockName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** One lock of a random run, in the store and in the model. */
final class ClaimHistory {

  private static final int REMEMBERED = 30;

  private final LockName lock;
  private final AnswerView store = new AnswerView();
  private final AnswerView reference = new AnswerView();
  private final List<Claim> claims = new ArrayList<>();
  private final Deque<String> history = new ArrayDeque<>();
  private Optional<String> turn = Optional.empty();
  private long turnSinceNanos;

  ClaimHistory(LockName lock) {
    this.lock = lock;
  }

  LockName lock() {
    return lock;
  }

  /** Returns the store's view. */
  AnswerView store() {
    return store;
  }

  /** Returns the model's view. */
  AnswerView reference() {
    return reference;
  }

  /** The claims on it so far. */
  List<Claim> claims() {
    return claims;
  }

  /** Records the earliest moment since which a replica has had its turn. */
  void noteTurn(Optional<String> now, long sinceNanos) {
    if (!now.equals(turn)) {
      turn = now;
      turnSinceNanos = sinceNanos;
    }
  }

  boolean turnIsOlderThan(long nanos) {
    return turn.isPresent() && System.nanoTime() - turnSinceNanos > nanos;
  }

  void log(String line) {
    history.add(line);
    if (history.size() > REMEMBERED) {
      history.remove();
    }
  }

  String history() {
    return String.join(System.lineSeparator(), history);
  }
}
