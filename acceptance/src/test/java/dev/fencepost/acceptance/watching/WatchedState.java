package dev.fencepost.acceptance.watching;

import dev.fencepost.proto.v1.Lock;

/**
 * What matters of a lock's state, as a watcher and as the store tell it.
 *
 * @param holder the holder's tag; empty if nobody holds it
 * @param token the holder's token; 0 if nobody holds it
 * @param lastToken the highest token known
 * @param isClosed whether nobody may take it yet
 */
record WatchedState(String holder, long token, long lastToken, boolean isClosed) {

  static WatchedState of(Lock lock) {
    if (lock.getHoldersCount() == 0) {
      return new WatchedState("", 0, lock.getLastToken(), lock.hasAvailableIn());
    }
    return new WatchedState(
        lock.getHolders(0).getClaimTag(),
        lock.getHolders(0).getFencingToken(),
        lock.getLastToken(),
        false);
  }
}
