package dev.fencepost.lock;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Identifies one running server: 16 hex digits, drawn at random when the process starts. *
 *
 * @param value the digits; all ids have the same width, so that a queue of them needs no escaping
 */
public record ReplicaId(String value) implements Comparable<ReplicaId> {
  /** Number of digits. */
  public static final int LENGTH = 16;

  private static final Pattern SYNTAX = Pattern.compile("[0-9a-f]{16}");

  /** Checks the syntax. */
  public ReplicaId {
    if (!isValid(value)) {
      throw InvalidValueException.of("replica_id", value, "16 of [0-9a-f]");
    }
  }

  /** True if this text is an id. */
  public static boolean isValid(String value) {
    return SYNTAX.matcher(value).matches();
  }

  /** The id with these 64 random bits. */
  public static ReplicaId of(long randomBits) {
    return new ReplicaId(String.format(Locale.ROOT, "%016x", randomBits));
  }

  @Override
  public int compareTo(ReplicaId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
