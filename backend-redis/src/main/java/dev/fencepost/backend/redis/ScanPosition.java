package dev.fencepost.backend.redis;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The position at which a listing continues.
 *
 * @param master the server that is being scanned
 * @param cursor the cursor of a step of its SCAN
 * @param shown 64-bit hashes of the names of that step that a page has shown already
 */
record ScanPosition(String master, String cursor, Set<Long> shown) {
  private static final Pattern FORM =
      Pattern.compile("fp1 ([A-Za-z0-9]{1,64}) ([0-9]{1,20})((?: [0-9a-f]{1,16})*)");

  /** Copies the set. */
  ScanPosition {
    shown = Set.copyOf(shown);
  }

  static ScanPosition start(String master) {
    return at(master, "0");
  }

  static ScanPosition at(String master, String cursor) {
    return new ScanPosition(master, cursor, Set.of());
  }

  ScanPosition withShown(Collection<LockName> names) {
    Set<Long> all = new HashSet<>(shown);
    names.forEach(name -> all.add(hash(name)));
    return new ScanPosition(master, cursor, all);
  }

  boolean hasShown(LockName name) {
    return !shown.isEmpty() && shown.contains(hash(name));
  }

  Cursor toCursor() {
    StringBuilder text = new StringBuilder("fp1 ").append(master).append(' ').append(cursor);
    new TreeSet<>(shown).forEach(hash -> text.append(' ').append(Long.toHexString(hash)));
    byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
    return new Cursor(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** Parses the text of {@link #toCursor}. */
  static ScanPosition fromCursor(Cursor cursor) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(cursor.opaque());
      Matcher form = FORM.matcher(new String(bytes, StandardCharsets.US_ASCII));
      if (form.matches()) {
        Set<Long> shown = new HashSet<>();
        String hashes = form.group(3).strip();
        for (String hash : hashes.isEmpty() ? List.<String>of() : List.of(hashes.split(" ", -1))) {
          shown.add(Long.parseUnsignedLong(hash, 16));
        }
        return new ScanPosition(form.group(1), form.group(2), shown);
      }
    } catch (IllegalArgumentException e) {
      throw invalid(cursor);
    }
    throw invalid(cursor);
  }

  private static InvalidValueException invalid(Cursor cursor) {
    return InvalidValueException.of("page_token", cursor.opaque(), "one that a page ended with");
  }

  private static long hash(LockName name) {
    byte[] bytes = name.utf8();
    CRC32C high = new CRC32C();
    high.update(bytes);
    java.util.zip.CRC32 low = new java.util.zip.CRC32();
    low.update(bytes);
    return high.getValue() << 32 | low.getValue();
  }
}
