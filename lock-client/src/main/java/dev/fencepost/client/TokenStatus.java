package dev.fencepost.client;

/** The validity of a token at the moment of the answer. */
public enum TokenStatus {
  /** Its grant is current. */
  CURRENT,
  /** Its grant is over, even if no higher token was granted since. */
  STALE,
  /** Higher than any token that the store can have granted. */
  UNKNOWN
}
