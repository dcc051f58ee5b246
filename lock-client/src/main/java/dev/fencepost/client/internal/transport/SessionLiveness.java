package dev.fencepost.client.internal.transport;

import java.util.concurrent.TimeUnit;

/**
 * Judges whether the server of one session still answers. A connection may swallow all data without
 * an error. Therefore an overdue answer or a missing heartbeat leads to a probe, which the server
 * answers without its store. Thread-safe.
 */
final class SessionLiveness {
  /** A live server answers a probe within this time. */
  static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int MAX_MISSED_HEARTBEATS = 3;

  /** The meaning of a session's silence. */
  enum Verdict {
    /** No action is needed. */
    ALIVE,
    /** A probe must be sent. */
    PROBE,
    /** The session is dead. */
    DEAD
  }

  private volatile long lastMessageNanos;
  private volatile long judgedNanos;

  /** Time of the last probe. If it is before the last message, the probe is answered. */
  private volatile long probedNanos;

  private volatile long heartbeatNanos = TimeUnit.SECONDS.toNanos(5);

  SessionLiveness(long nowNanos) {
    this.lastMessageNanos = nowNanos;
    this.judgedNanos = nowNanos;
  }

  /** Records that a message came. */
  void recordMessage(long nowNanos) {
    lastMessageNanos = nowNanos;
  }

  /** Sets the interval of the server's heartbeats. */
  void setHeartbeat(long nanos) {
    heartbeatNanos = Math.max(TimeUnit.MILLISECONDS.toNanos(100), nanos);
    judgedNanos = lastMessageNanos;
  }

  /** The interval of heartbeats of each side. */
  long heartbeatNanos() {
    return heartbeatNanos;
  }

  /** Whether no message came since the last probe. */
  boolean isSuspect() {
    return probedNanos > lastMessageNanos;
  }

  /** Whether no message came for longer than this. */
  boolean isQuietFor(long nanos, long nowNanos) {
    return nowNanos - lastMessageNanos > nanos;
  }

  /** Marks the session as suspect; false if it is already. */
  synchronized boolean markSuspect(long nowNanos) {
    boolean isNew = !isSuspect();
    if (isNew) {
      probedNanos = nowNanos;
    }
    return isNew;
  }

  /** The next moment at which the verdict may change. */
  long dueNanos() {
    return isSuspect() ? Math.min(deadAtNanos(), silentAtNanos()) : probeAtNanos();
  }

  /** Judges the silence so far. */
  synchronized Verdict judge(long nowNanos) {
    forgiveOwnPause(nowNanos);
    if (nowNanos >= silentAtNanos() || (isSuspect() && nowNanos >= deadAtNanos())) {
      return Verdict.DEAD;
    }
    return !isSuspect() && nowNanos >= probeAtNanos() ? Verdict.PROBE : Verdict.ALIVE;
  }

  /** Allows for a pause of this process: messages may still be unread, and are read first. */
  private void forgiveOwnPause(long nowNanos) {
    if (nowNanos - judgedNanos > heartbeatNanos) {
      lastMessageNanos = Math.max(lastMessageNanos, nowNanos - heartbeatNanos);
    }
    if (isSuspect() && nowNanos - deadAtNanos() > ANSWER_NANOS / 4) {
      probedNanos = nowNanos;
    }
    judgedNanos = nowNanos;
  }

  private long deadAtNanos() {
    return probedNanos + ANSWER_NANOS;
  }

  /** One heartbeat is late. */
  private long probeAtNanos() {
    return lastMessageNanos + heartbeatNanos + heartbeatNanos / 2;
  }

  private long silentAtNanos() {
    return lastMessageNanos + MAX_MISSED_HEARTBEATS * heartbeatNanos;
  }
}
