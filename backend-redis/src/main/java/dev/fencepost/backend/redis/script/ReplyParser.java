package dev.fencepost.backend.redis.script;

import dev.fencepost.lock.FencingToken;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Parses the text that a script returned, from left to right. */
public final class ReplyParser {
  private final byte[] bytes;
  private int at;

  public ReplyParser(byte[] bytes) {
    this.bytes = bytes;
  }

  public boolean isAtEnd() {
    return at >= bytes.length;
  }

  /** Reads one ASCII character. */
  public char letter() {
    require(1);
    return (char) bytes[at++];
  }

  /** Reads a number of this many digits. */
  public long number(int width) {
    require(width);
    long number = 0;
    for (int end = at + width; at < end; at++) {
      number = number * 10 + digit(bytes[at]);
    }
    return number;
  }

  /** Reads a token. */
  public long token() {
    return number(DecimalText.TOKEN_WIDTH);
  }

  /** Reads the token at the end; empty if there is none. */
  public Optional<FencingToken> tokenIfAny() {
    return isAtEnd() ? Optional.empty() : Optional.of(new FencingToken(token()));
  }

  /** Reads a number up to the delimiter or the end, and skips the delimiter. */
  public long numberUpTo(char delimiter) {
    int end = endOfPart(delimiter);
    boolean negative = end > at && bytes[at] == '-';
    at += negative ? 1 : 0;
    long number = number(end - at);
    at = end + 1;
    return negative ? -number : number;
  }

  /** Reads ASCII up to the delimiter or the end, and skips the delimiter. */
  public String wordUpTo(char delimiter) {
    int end = endOfPart(delimiter);
    String word = new String(bytes, at, end - at, StandardCharsets.US_ASCII);
    at = end + 1;
    return word;
  }

  /** Reads this many bytes of UTF-8. */
  public String text(int length) {
    require(length);
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  /** Reads the rest, as UTF-8. */
  public String rest() {
    return isAtEnd() ? "" : text(bytes.length - at);
  }

  private int endOfPart(char delimiter) {
    int end = at;
    while (end < bytes.length && bytes[end] != delimiter) {
      end++;
    }
    return end;
  }

  private void require(int length) {
    if (length < 0 || bytes.length - at < length) {
      throw new IllegalStateException("a record ends too early, at byte " + bytes.length);
    }
  }

  private static int digit(byte b) {
    if (b < '0' || b > '9') {
      throw new IllegalStateException("a record has a byte " + b + " instead of a digit");
    }
    return b - '0';
  }
}
