package dev.fencepost.server.security;

import java.util.List;
import java.util.Optional;

/**
 * Principals that a rule is about.
 *
 * @param kind how it matches
 * @param text the alias, the exact name or the pattern; the word itself for the other kinds
 */
record PrincipalPattern(Kind kind, String text) {
  static final PrincipalPattern ANONYMOUS = new PrincipalPattern(Kind.ANONYMOUS, "anonymous");
  static final PrincipalPattern AUTHENTICATED =
      new PrincipalPattern(Kind.AUTHENTICATED, "authenticated");

  /** Beginnings of typed names. The kind of a credential is part of its principal. */
  static final List<String> TYPES =
      List.of("spiffe://", "uri:", "dns:", "cn:", "token:", "jwt:", "store:");

  /** How a pattern matches. */
  enum Kind {
    /** A caller without credential. */
    ANONYMOUS,
    /** Any caller with a credential. */
    AUTHENTICATED,
    /** All credentials of an alias. */
    ALIAS,
    /** One typed name. */
    EXACT,
    /** Typed names with {@code *}. */
    GLOB
  }

  /** Reads a typed name, or a pattern of typed names. */
  static PrincipalPattern typed(String text) {
    return new PrincipalPattern(text.indexOf('*') >= 0 ? Kind.GLOB : Kind.EXACT, text);
  }

  static PrincipalPattern alias(String word) {
    return new PrincipalPattern(Kind.ALIAS, word);
  }

  /** Returns the fault of a typed name or pattern; empty if it is well-formed. */
  static Optional<String> faultOf(String text) {
    Optional<String> type = TYPES.stream().filter(text::startsWith).findFirst();
    if (type.isEmpty()) {
      return Optional.of("a kind of principal: " + String.join(", ", TYPES));
    }
    String rest = text.substring(type.get().length());
    if (rest.isEmpty()) {
      return Optional.of("a name after " + type.get());
    }
    int end = text.indexOf("**");
    if (end >= 0 && end != text.length() - 2) {
      return Optional.of("** at the end only; * stands for characters without a separator");
    }
    if (type.get().equals("dns:") && !rest.equals(rest.toLowerCase(java.util.Locale.ROOT))) {
      return Optional.of("a DNS name in lower case");
    }
    return Optional.empty();
  }

  /**
   * Returns true if the caller is meant.
   *
   * @param typed typed name; empty for an anonymous caller
   * @param canonical alias of the typed name, or the typed name
   */
  boolean matches(String typed, String canonical) {
    return switch (kind) {
      case ANONYMOUS -> typed.isEmpty() && canonical.isEmpty();
      case AUTHENTICATED -> !canonical.isEmpty();
      case ALIAS -> text.equals(canonical);
      case EXACT -> text.equals(typed);
      case GLOB -> matchesGlob(typed);
    };
  }

  /** Returns true if this pattern is known to match every caller that the other matches. */
  boolean covers(PrincipalPattern other) {
    return equals(other)
        || switch (kind) {
          case AUTHENTICATED -> other.kind != Kind.ANONYMOUS;
          case GLOB -> other.kind == Kind.EXACT && matchesGlob(other.text);
          case ANONYMOUS, ALIAS, EXACT -> false;
        };
  }

  /**
   * Compares with the glob: {@code *} is one or more characters without separator, {@code **} at
   * the end one or more of any. Takes time of at most the product of both lengths.
   */
  private boolean matchesGlob(String typed) {
    char separator = text.startsWith("dns:") ? '.' : '/';
    boolean open = text.endsWith("**");
    String glob = open ? text.substring(0, text.length() - 1) : text;
    boolean[] reached = new boolean[typed.length() + 1];
    reached[0] = true;
    for (int g = 0; g < glob.length(); g++) {
      boolean any = open && g == glob.length() - 1;
      boolean[] next = new boolean[reached.length];
      for (int i = 0; i < typed.length(); i++) {
        char c = typed.charAt(i);
        if (glob.charAt(g) == '*') {
          next[i + 1] = (reached[i] || next[i]) && (any || c != separator);
        } else {
          next[i + 1] = reached[i] && c == glob.charAt(g);
        }
      }
      reached = next;
    }
    return reached[typed.length()];
  }

  @Override
  public String toString() {
    return text;
  }
}
