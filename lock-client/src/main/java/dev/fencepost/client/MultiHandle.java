package dev.fencepost.client;

import dev.fencepost.lock.GrantLoss;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Several locks that are held together. */
public interface MultiHandle extends AutoCloseable {

  /** The handles, in the order in which they were taken. */
  List<LockHandle> handles();

  /** Whether all of them are held at this moment. */
  boolean isHeld();

  /** Returns a future that completes when the first of them is lost. */
  CompletableFuture<GrantLoss> lost();

  /** Releases all of them, the last first, as {@link LockHandle#close} does. */
  @Override
  void close();
}
