package dev.fencepost.client;

/** Something that has to be looked at when its time has come. */
interface TimedItem {
  /** When, by the client's clock; {@link ClientClock#NEVER} for not at all. */
  long dueNanos();

  /** Does what is due, and moves {@link #dueNanos()} on. */
  void run(long nowNanos);
}
