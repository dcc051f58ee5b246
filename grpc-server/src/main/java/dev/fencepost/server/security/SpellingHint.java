package dev.fencepost.server.security;

import dev.fencepost.server.config.EditDistance;
import java.util.Collection;
import java.util.Comparator;

/** Suggests the known word that a misspelled one probably is. */
final class SpellingHint {
  private static final int MAX_DISTANCE = 2;

  private SpellingHint() {}

  /** Returns {@code "; did you mean …?"}, or nothing if no known word is near. */
  static String of(String word, Collection<String> known) {
    return known.stream()
        .filter(each -> distance(word, each) <= MAX_DISTANCE)
        .min(
            Comparator.<String>comparingInt(each -> distance(word, each))
                .thenComparing(each -> each))
        .map(each -> "; did you mean " + each + "?")
        .orElse("");
  }

  private static int distance(String word, String known) {
    // The distance is at least the difference of the lengths, and long words take long.
    return Math.abs(word.length() - known.length()) > MAX_DISTANCE
        ? MAX_DISTANCE + 1
        : EditDistance.distance(word, known);
  }
}
