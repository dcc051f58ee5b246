package dev.fencepost.backend.etcd.rpc;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version of etcd. */
public record EtcdVersion(int major, int minor, int patch) {
  private static final Pattern SYNTAX = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4}).*");

  public static Optional<EtcdVersion> parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    return matcher.matches()
        ? Optional.of(
            new EtcdVersion(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3))))
        : Optional.empty();
  }

  public boolean isAtLeast(int minMajor, int minMinor, int minPatch) {
    if (major != minMajor) {
      return major > minMajor;
    }
    return minor != minMinor ? minor > minMinor : patch >= minPatch;
  }

  /**
   * True if etcd checks permissions inside nested transactions (CVE-2026-33343): 3.5.28, 3.6.9 and
   * later versions of their lines do.
   */
  public boolean checksNestedTransactions() {
    if (major == 3 && minor == 5) {
      return patch >= 28;
    }
    return isAtLeast(3, 6, 9);
  }
}
