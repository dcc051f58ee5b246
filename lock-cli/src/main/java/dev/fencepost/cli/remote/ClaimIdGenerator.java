package dev.fencepost.cli.remote;

import dev.fencepost.lock.ClaimId;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Generates claim ids: 128 random bits as hex digits, which need no quoting in a shell. */
public final class ClaimIdGenerator {
  private static final int BYTES = 16;

  private ClaimIdGenerator() {}

  public static ClaimId next() {
    byte[] random = new byte[BYTES];
    new SecureRandom().nextBytes(random);
    return new ClaimId(HexFormat.of().formatHex(random));
  }
}
