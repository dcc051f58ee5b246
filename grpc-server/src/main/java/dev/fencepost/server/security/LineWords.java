package dev.fencepost.server.security;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits one line of a rules or tokens file into words. Blanks separate words, a comma is a word of
 * its own, {@code #} begins a comment, and a word in quotes may contain all of these.
 */
final class LineWords {
  /** The word for a comma. A quoted comma is another word, because it is never a separator. */
  static final String COMMA = ",";

  private LineWords() {}

  /** A line cannot be split. */
  static final class QuoteException extends Exception {
    private static final long serialVersionUID = 1L;

    QuoteException(String message) {
      super(message);
    }
  }

  /**
   * A word.
   *
   * @param text its characters, without quotes
   * @param quoted true if it stood in quotes
   */
  record LineWord(String text, boolean quoted) {
    boolean is(String keyword) {
      return !quoted && text.equals(keyword);
    }
  }

  /** Returns the words of a line. */
  static List<LineWord> split(String line) throws QuoteException {
    List<LineWord> words = new ArrayList<>();
    int i = 0;
    while (i < line.length()) {
      char c = line.charAt(i);
      if (c == '#') {
        break;
      } else if (isBlank(c)) {
        i++;
      } else if (c == ',') {
        words.add(new LineWord(COMMA, false));
        i++;
      } else if (c == '"') {
        StringBuilder text = new StringBuilder();
        i = unquote(line, i + 1, text);
        words.add(new LineWord(text.toString(), true));
      } else {
        int end = i;
        while (end < line.length() && !isBlank(line.charAt(end)) && !isMark(line.charAt(end))) {
          end++;
        }
        if (end < line.length() && isMark(line.charAt(end)) && line.charAt(end) != ',') {
          throw new QuoteException(
              "a word with " + line.charAt(end) + " stands in quotes as a whole");
        }
        words.add(new LineWord(line.substring(i, end), false));
        i = end;
      }
    }
    return words;
  }

  private static int unquote(String line, int start, StringBuilder text) throws QuoteException {
    int i = start;
    while (i < line.length() && line.charAt(i) != '"') {
      if (line.charAt(i) == '\\') {
        i++;
        if (i == line.length() || (line.charAt(i) != '"' && line.charAt(i) != '\\')) {
          throw new QuoteException("a backslash in quotes stands before \" or \\ only");
        }
      }
      text.append(line.charAt(i));
      i++;
    }
    if (i == line.length()) {
      throw new QuoteException("the quotes are not closed");
    }
    return i + 1;
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static boolean isMark(char c) {
    return c == ',' || c == '#' || c == '"';
  }
}
