package dev.fencepost.junit;

import dev.fencepost.lock.FencingToken;

/** A write that a fence is to guard. */
@FunctionalInterface
public interface FencedWrite {
  /** Writes with this token. Throws any exception if the write is refused. */
  void write(FencingToken token) throws Exception;
}
