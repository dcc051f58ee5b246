package dev.fencepost.backend.etcd;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version of etcd. */
record EtcdVersion(int major, int minor, int patch) {
  private static final Pattern SYNTAX = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4}).*");

  static Optional<EtcdVersion> parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    return matcher.matches()
        ? Optional.of(
            new EtcdVersion(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3))))
        : Optional.empty();
  }

  boolean isAtLeast(int wantedMajor, int wantedMinor, int wantedPatch) {
    if (major != wantedMajor) {
      return major > wantedMajor;
    }
    return minor != wantedMinor ? minor > wantedMinor : patch >= wantedPatch;
  }

  /**
   * Whether etcd asks for the permissions of what is nested in a transaction (CVE-2026-33343):
   * 3.5.28, 3.6.9 and later ones of their lines do.
   */
  boolean checksNestedTransactions() {
    if (major == 3 && minor == 5) {
      return patch >= 28;
    }
    return isAtLeast(3, 6, 9);
  }
}
