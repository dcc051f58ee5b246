package dev.fencepost.client.internal.time;

/** Something that has to be looked at when its time has come. */
public interface TimedItem {
  /** When, by the client's clock; {@link ClientClock#NEVER} for not at all. */
  long dueNanos();

  /** Does what is due, and moves {@link #dueNanos()} on. */
  void run(long nowNanos);
}
