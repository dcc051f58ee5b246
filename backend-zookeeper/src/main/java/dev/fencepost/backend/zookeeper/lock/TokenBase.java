package dev.fencepost.backend.zookeeper.lock;

/**
 * What tokens count from: a token is the base's value plus how many transaction ids the write that
 * made it is later than the base's own write. Its node is checked in that same write, so that the
 * tokens of two bases never mix.
 *
 * @param path its node
 * @param value the token that its own write would have
 * @param position the transaction id of its own write
 */
public record TokenBase(String path, long value, long position) {
  long tokenAt(long zxid) {
    return value + (zxid - position);
  }
}
