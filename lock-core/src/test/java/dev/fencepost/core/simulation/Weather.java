package dev.fencepost.core.simulation;

/**
 * What may go wrong between a replica and its store.
 *
 * @param delayMillis longest way of a message, one direction
 * @param lostRequest share of commands that never reach the store
 * @param lostReply share of commands that are carried out and never answered
 * @param late share of commands that are carried out after their caller gave them up
 * @param lostWake share of notifications that are lost
 * @param crashes replicas that crash and come back under another id
 * @param outages times that the store is away for a while
 * @param callers how those behave who use the locks
 */
record Weather(
    long delayMillis,
    double lostRequest,
    double lostReply,
    double late,
    double lostWake,
    int crashes,
    int outages,
    Callers callers) {

  /** How callers behave. */
  enum Callers {
    /** They wait for their turn and release what they got. */
    FAITHFUL,
    /** They leave, die, repeat themselves and close locks behind them. */
    FICKLE
  }

  /** Nothing goes wrong at all, so that turns can be counted. */
  static final Weather FAIR = new Weather(2, 0, 0, 0, 0, 0, 0, Callers.FAITHFUL);

  /** Only the callers are fickle. */
  static final Weather CALM = new Weather(2, 0, 0, 0, 0, 0, 0, Callers.FICKLE);

  /** Notifications get lost. */
  static final Weather DEAF = new Weather(5, 0, 0, 0, 1, 0, 0, Callers.FICKLE);

  /** Everything goes wrong. */
  static final Weather STORM = new Weather(40, 0.03, 0.03, 0.03, 0.3, 2, 2, Callers.FICKLE);

  boolean isFair() {
    return callers == Callers.FAITHFUL;
  }
}
