package dev.fencepost.lock;

/**
 * A number that rises with every grant of a lock. A resource that remembers the highest token it
 * has seen, and refuses lower ones, cannot be harmed by a holder that lost its lock without
 * knowing.
 *
 * <p>It counts nanoseconds since 1970, so that the tokens of all stores compare. Above 2^53: never
 * carry it as a floating number. Source of the idea: Martin Kleppmann, "How to do distributed
 * locking" (2016).
 *
 * @param value at least 1
 */
public record FencingToken(long value) implements Comparable<FencingToken> {
  /** Checks that the value is positive: a caller that was not granted has 0, and must fail. */
  public FencingToken {
    if (value < 1) {
      throw InvalidValueException.of(
          "fencing_token", value, "1 or more: was the lock granted at all?");
    }
  }

  @Override
  public int compareTo(FencingToken other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return Long.toString(value);
  }
}
