package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.spi.support.TokenBaseKeeper;

/**
 * The number that tokens are counted from. A token is the base's value plus the distance between
 * two transaction ids: that of the write that makes the token, and that of the base's own write.
 * The same write checks the base's node, so that tokens of two bases never mix.
 *
 * @param path path of its node
 * @param value the token that its own write would have
 * @param position transaction id of its own write
 */
public record TokenBase(String path, long value, long position)
    implements TokenBaseKeeper.PositionBase {
  @Override
  public long tokenAt(long zxid) {
    return value + (zxid - position);
  }
}
