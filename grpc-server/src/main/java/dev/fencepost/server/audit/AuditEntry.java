package dev.fencepost.server.audit;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * An event with its fields, in order. It must never contain a claim id, token, password, hash of a
 * token, or header. Belongs to one thread until it is recorded.
 */
public final class AuditEntry {
  /** Longest text of a field, in characters. What is longer is cut, and ends with {@code …}. */
  private static final int MAX_CHARACTERS = 1_100;

  private final AuditKind kind;
  private final Map<String, Object> fields = new LinkedHashMap<>();

  private AuditEntry(AuditKind kind) {
    this.kind = kind;
  }

  /** Creates an event without fields. */
  public static AuditEntry of(AuditKind kind) {
    return new AuditEntry(kind);
  }

  /** Adds a field; an empty text is left out. */
  public AuditEntry with(String field, String text) {
    if (!text.isEmpty()) {
      fields.put(
          field, text.length() <= MAX_CHARACTERS ? text : text.substring(0, MAX_CHARACTERS) + "…");
    }
    return this;
  }

  /** Adds a field; an empty value is left out. */
  public AuditEntry with(String field, Optional<?> value) {
    return value.map(each -> with(field, each.toString())).orElse(this);
  }

  /** Adds a number. */
  public AuditEntry with(String field, long number) {
    fields.put(field, number);
    return this;
  }

  /** Returns the kind. */
  public AuditKind kind() {
    return kind;
  }

  /** Returns the fields: texts and numbers. */
  Map<String, Object> fields() {
    return Collections.unmodifiableMap(fields);
  }
}
