package dev.fencepost.server.security;

/**
 * Names that a rule is about: all of them, those below a prefix, or exactly one. Names are compared
 * byte for byte; nothing is decoded, folded or normalised.
 *
 * @param text the prefix with its {@code /}, or the name; empty for all names
 * @param reach how far it goes
 */
record NamePattern(String text, Reach reach) {
  private static final String BELOW = "/**";
  static final NamePattern ALL = new NamePattern("", Reach.ALL);

  /** The kinds of patterns, by the names that they cover. */
  enum Reach {
    /** Every name. */
    ALL,
    /** Every name that begins with the text, which ends with {@code /}. */
    PREFIX,
    /** The text alone. */
    EXACT
  }

  static NamePattern parse(String text) {
    if (text.equals("**")) {
      return ALL;
    }
    return text.endsWith(BELOW)
        ? new NamePattern(text.substring(0, text.length() - 2), Reach.PREFIX)
        : new NamePattern(text, Reach.EXACT);
  }

  boolean matches(String name) {
    return switch (reach) {
      case ALL -> true;
      case PREFIX -> name.startsWith(text);
      case EXACT -> name.equals(text);
    };
  }

  /** Returns true if this pattern matches every name that the other matches. */
  boolean covers(NamePattern other) {
    return switch (reach) {
      case ALL -> true;
      case PREFIX -> other.reach != Reach.ALL && other.text.startsWith(text);
      case EXACT -> other.reach == Reach.EXACT && other.text.equals(text);
    };
  }

  /** Returns the pattern as the rules file writes it, without quotes. */
  @Override
  public String toString() {
    return switch (reach) {
      case ALL -> "**";
      case PREFIX -> text + "**";
      case EXACT -> text;
    };
  }
}
