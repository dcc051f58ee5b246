package dev.fencepost.server.identity;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Static tokens that are valid, as hashes. A line is {@code NAME sha256:HEX [until TIME]}; several
 * lines of one name are a rotation. Immutable.
 */
public final class TokensFile {
  /** Largest file. */
  public static final int MAX_BYTES = 1024 * 1024;

  private static final Pattern LINE =
      Pattern.compile("(\\S+)\\s+sha256:([0-9A-Fa-f]{64})(?:\\s+until\\s+(\\S+))?");
  private static final String FORM = "NAME sha256:HEX [until 2030-01-31T00:00:00Z]";

  private final Map<String, CallerPrincipal> byHash = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  private TokensFile() {}

  /** Parses the bytes of a file. The result names every fault with its line. */
  public static TokensFile parse(byte[] content) {
    TokensFile file = new TokensFile();
    if (content.length > MAX_BYTES) {
      file.problems.add("0: " + content.length + " bytes (expected: at most " + MAX_BYTES + ")");
      return file;
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
      int number = 0;
      for (String line : text.split("\n", -1)) {
        number++;
        file.read(number, line);
      }
    } catch (CharacterCodingException e) {
      file.problems.add("0: the file is not UTF-8");
    }
    return file;
  }

  private void read(int number, String raw) {
    int comment = raw.indexOf('#');
    String line = (comment < 0 ? raw : raw.substring(0, comment)).trim();
    if (line.isEmpty()) {
      return;
    }
    // A token in the place of its hash must not reach a log, so no line is ever quoted.
    Matcher parts = LINE.matcher(line);
    if (!parts.matches() || !StaticToken.NAME.matcher(parts.group(1)).matches()) {
      problems.add(number + ": not of the form " + FORM);
      return;
    }
    Instant end = Instant.MAX;
    if (parts.group(3) != null) {
      try {
        end = Instant.parse(parts.group(3));
      } catch (DateTimeParseException e) {
        problems.add(number + ": the time after until (expected: as 2030-01-31T00:00:00Z)");
        return;
      }
    }
    String name = "token:" + parts.group(1);
    String hash = parts.group(2).toLowerCase(Locale.ROOT);
    if (byHash.putIfAbsent(hash, new CallerPrincipal(name, name, end)) != null) {
      problems.add(number + ": the same hash stands in an earlier line");
    }
  }

  /** Returns the faults, each with the number of its line; 0 is the file as a whole. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /** Returns the number of tokens. */
  public int size() {
    return byHash.size();
  }

  /** Returns the principal of a token, whether or not it has ended; empty if it is unknown. */
  public Optional<CallerPrincipal> find(String token) {
    return Optional.ofNullable(byHash.get(StaticToken.hashOf(token)));
  }
}
