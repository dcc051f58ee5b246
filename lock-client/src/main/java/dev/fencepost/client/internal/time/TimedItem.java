package dev.fencepost.client.internal.time;

/** An item that runs when its time has come. */
public interface TimedItem {
  /** The due time on the client's clock; {@link ClientClock#NEVER} if there is none. */
  long dueNanos();

  /** Does the work that is due and moves {@link #dueNanos()} on. */
  void run(long nowNanos);
}
