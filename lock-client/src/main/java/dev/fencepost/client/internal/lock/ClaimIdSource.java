package dev.fencepost.client.internal.lock;

import dev.fencepost.lock.ClaimId;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;

/**
 * Creates claim ids of 128 random bits. It takes random bytes in blocks, which is many times
 * cheaper than one call for each id. Thread-safe.
 */
public final class ClaimIdSource {
  private static final int ID_BYTES = 16;
  private static final int BLOCK_BYTES = 256 * ID_BYTES;

  private final Random random;
  private final byte[] block = new byte[BLOCK_BYTES];
  private int used = BLOCK_BYTES;

  /**
   * Creates a source. Ids are secrets: outside of tests the generator is a {@link
   * java.security.SecureRandom}.
   */
  public ClaimIdSource(Random random) {
    this.random = random;
  }

  public ClaimId next() {
    return new ClaimId(Base64.getUrlEncoder().withoutPadding().encodeToString(nextBytes()));
  }

  private synchronized byte[] nextBytes() {
    if (used == BLOCK_BYTES) {
      random.nextBytes(block);
      used = 0;
    }
    byte[] id = Arrays.copyOfRange(block, used, used + ID_BYTES);
    Arrays.fill(block, used, used + ID_BYTES, (byte) 0);
    used += ID_BYTES;
    return id;
  }
}
