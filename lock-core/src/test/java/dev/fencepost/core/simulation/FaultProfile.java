package dev.fencepost.core.simulation;

/**
 * The faults between a replica and its store. * * *
 *
 * @param delayMillis longest way of a message, one direction
 * @param lostRequest share of commands that never reach the store
 * @param lostReply share of commands that are carried out and never answered
 * @param slowReply share of answers that take up to almost the call timeout
 * @param late share of commands that are carried out after their caller gave them up
 * @param lostWake share of notifications that are lost
 * @param crashes replicas that crash and come back under another id
 * @param pauses replicas that stand still for a while, as under SIGSTOP, and go on
 * @param swallows share of calls whose connection swallows the answers, unnoticed for long
 * @param outages number of store outages
 * @param callers behaviour of the callers
 */
record FaultProfile(
    long delayMillis,
    double lostRequest,
    double lostReply,
    double slowReply,
    double late,
    double lostWake,
    int crashes,
    int pauses,
    int outages,
    double swallows,
    Callers callers) {

  /** Behaviour of callers. */
  enum Callers {
    /** They wait for their turn and release what they got. */
    FAITHFUL,
    /** They leave, die, repeat themselves and close locks behind them. */
    FICKLE,
    /** As fickle, and they repeat unanswered calls at once and work until their lease ends. */
    HASTY
  }

  /** No faults, so that turns can be counted. */
  static final FaultProfile FAIR = new FaultProfile(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, Callers.FAITHFUL);

  /** Only the callers are fickle. */
  static final FaultProfile CALM = new FaultProfile(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, Callers.FICKLE);

  /** Notifications get lost. */
  static final FaultProfile DEAF = new FaultProfile(5, 0, 0, 0, 0, 1, 0, 0, 0, 0, Callers.FICKLE);

  /** Everything goes wrong. */
  static final FaultProfile STORM =
      new FaultProfile(40, 0.03, 0.03, 0.05, 0.03, 0.3, 2, 1, 2, 0.03, Callers.FICKLE);

  /** Answers of the store are held up, connections swallow traffic, replicas stand still. */
  static final FaultProfile FOG =
      new FaultProfile(10, 0, 0.02, 0.3, 0.01, 0.1, 0, 2, 0, 0.1, Callers.HASTY);

  boolean isHasty() {
    return callers == Callers.HASTY;
  }

  boolean isFair() {
    return callers == Callers.FAITHFUL;
  }
}
