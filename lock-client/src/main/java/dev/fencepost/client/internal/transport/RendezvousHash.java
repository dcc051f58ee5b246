package dev.fencepost.client.internal.transport;

import java.nio.charset.StandardCharsets;

/**
 * Chooses the replica that a lock prefers: the one with the highest weight for the lock. All
 * clients choose the same without talking to each other. When a replica goes, only its locks move.
 *
 * <p>Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998). The
 * weight is FNV-1a of the name and of the replica's id, mixed as in SplitMix64.
 */
public final class RendezvousHash {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private RendezvousHash() {}

  /** Returns FNV-1a of the text's UTF-8. */
  public static long hash(String text) {
    long hash = FNV_OFFSET;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (each & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  /** Returns a lock's weight for a replica. Weights compare as signed numbers. */
  public static long weight(long lockHash, long replicaHash) {
    long mixed = lockHash ^ Long.rotateLeft(replicaHash, 32);
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
