package dev.fencepost.fence;

import dev.fencepost.lock.InvalidValueException;

/**
 * Names the key that holds the mark of a key, so that both lie in the same slot of a cluster. The
 * text between the first <code>{</code> and the next <code>}</code> decides the slot; if there is
 * none, the whole key does (Redis cluster specification, "Hash tags").
 */
final class MarkKey {
  private static final String PREFIX = "fencepost:mark:";

  private MarkKey() {}

  /**
   * Returns {@code fencepost:mark:{key}}, or {@code fencepost:mark:{tag}:key} for a key with a tag.
   *
   * @throws InvalidValueException if the key is empty, or has a closing brace or empty braces and
   *     no tag: no key derived from its name would lie in its slot
   */
  static String of(String key) {
    int open = key.indexOf('{');
    int close = open < 0 ? -1 : key.indexOf('}', open + 1);
    if (close > open + 1) {
      return PREFIX + key.substring(open, close + 1) + ":" + key;
    }
    if (key.isEmpty() || key.indexOf('}') >= 0) {
      throw InvalidValueException.of(
          "key", key, "not empty, and braces only around a hash tag: {tag}rest");
    }
    return PREFIX + "{" + key + "}";
  }
}
