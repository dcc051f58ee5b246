package dev.fencepost.lock;

import java.util.Map;

/**
 * The public part of a claim: who asks for a lock and how. It never decides ownership.
 *
 * @param owner text for people, at most 256 bytes of UTF-8
 * @param principal the authenticated name, empty where nobody authenticates
 * @param mode how the lock is shared
 * @param metadata at most 32 entries and 4 KiB in all, keys and values counted in bytes of UTF-8
 */
public record Claimant(
    String owner, String principal, LockMode mode, Map<String, String> metadata) {
  /** Longest owner, in bytes of UTF-8. */
  public static final int MAX_OWNER_BYTES = 256;

  /** Most entries of metadata. */
  public static final int MAX_METADATA_ENTRIES = 32;

  /** Most bytes of metadata, keys and values together. */
  public static final int MAX_METADATA_BYTES = 4096;

  /** Checks the limits and throws {@link InvalidValueException} naming the invalid field. */
  public Claimant {
    TextLimits.requireAtMost("owner", owner, MAX_OWNER_BYTES);
    metadata = checkedMetadata(metadata);
  }

  /** A claimant without principal or metadata that wants the lock alone. */
  public static Claimant named(String owner) {
    return new Claimant(owner, "", LockMode.EXCLUSIVE, Map.of());
  }

  private static Map<String, String> checkedMetadata(Map<String, String> metadata) {
    if (metadata.size() > MAX_METADATA_ENTRIES) {
      throw InvalidValueException.of(
          "metadata", metadata.size() + " entries", "at most " + MAX_METADATA_ENTRIES + " entries");
    }
    int bytes = 0;
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      bytes += TextLimits.utf8Bytes("metadata", entry.getKey());
      bytes += TextLimits.utf8Bytes("metadata", entry.getValue());
    }
    if (bytes > MAX_METADATA_BYTES) {
      throw InvalidValueException.of(
          "metadata", bytes + " bytes", "at most " + MAX_METADATA_BYTES + " bytes in all");
    }
    return Map.copyOf(metadata);
  }
}
