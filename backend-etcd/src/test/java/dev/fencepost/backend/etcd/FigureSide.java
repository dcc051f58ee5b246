package dev.fencepost.backend.etcd;

import java.util.concurrent.CompletionStage;

/** One way to lock in etcd. */
interface FigureSide extends AutoCloseable {

  String name();

  /** Takes a lock that nobody else wants and gives it back. */
  CompletionStage<?> pair(String lock);

  /** How often a lock that so many wait for changes hands in a second. */
  double handOvers(int waiters, int seconds);

  @Override
  void close();
}
