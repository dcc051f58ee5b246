package dev.fencepost.server.audit;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * An entry as it is written.
 *
 * @param time moment at which it was recorded
 * @param sequence number of the line, from 1 at each start
 * @param replica server that writes it
 * @param entry event
 */
record AuditLine(Instant time, long sequence, String replica, AuditEntry entry) {
  private static final int FIRST_PRINTABLE = 0x20;

  /** Returns all fields in order. */
  Map<String, Object> fields() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("time", time.toString());
    all.put("seq", sequence);
    all.put("replica", replica);
    all.put("event", entry.kind().word());
    all.putAll(entry.fields());
    return all;
  }

  /** Returns a JSON object in one line, without its end. */
  String json() {
    StringBuilder json = new StringBuilder(256).append('{');
    fields()
        .forEach(
            (name, value) -> {
              json.append(json.length() == 1 ? "" : ",").append('"').append(name).append("\":");
              if (value instanceof Long) {
                json.append(value);
              } else {
                quote(json, value.toString());
              }
            });
    return json.append('}').toString();
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char sign = text.charAt(i);
      if (sign == '"' || sign == '\\') {
        json.append('\\').append(sign);
      } else if (sign < FIRST_PRINTABLE || Character.isSurrogate(sign) || sign == '\u2028') {
        json.append(String.format(Locale.ROOT, "\\u%04x", (int) sign));
      } else {
        json.append(sign);
      }
    }
    json.append('"');
  }
}
