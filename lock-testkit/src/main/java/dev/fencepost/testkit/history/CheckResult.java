package dev.fencepost.testkit.history;

import java.util.List;
import java.util.stream.Stream;

/**
 * The result of a check. *
 *
 * @param faults the violations, for people to read; empty if there are none. A check that could not
 *     finish, or had too few calls to mean something, is a violation, too.
 */
public record CheckResult(List<String> faults) {

  private static final int SHOWN = 10;

  /** Copies the faults. */
  public CheckResult {
    faults = List.copyOf(faults);
  }

  /** Both in one. */
  public CheckResult and(CheckResult other) {
    return new CheckResult(Stream.concat(faults.stream(), other.faults.stream()).toList());
  }

  /**
   * Does nothing if there is no fault.
   *
   * @throws AssertionError with the first ones
   */
  public void assertSound() {
    if (!faults.isEmpty()) {
      throw new AssertionError(
          faults.size()
              + " faults, beginning with\n"
              + String.join("\n", faults.subList(0, Math.min(SHOWN, faults.size()))));
    }
  }

  /** The fault of a history with fewer calls than were needed to mean something. */
  static CheckResult ofLength(int calls, int leastCalls) {
    return new CheckResult(
        calls < leastCalls
            ? List.of("void: " + calls + " calls that prove a grant, " + leastCalls + " needed")
            : List.of());
  }
}
