package dev.fencepost.client;

/** What a token is worth at the moment of the answer. */
public enum TokenStatus {
  /** Its grant stands. */
  CURRENT,
  /** Its grant is over, whether or not a higher token was granted since. */
  STALE,
  /** Above anything that the store can have granted. */
  UNKNOWN
}
