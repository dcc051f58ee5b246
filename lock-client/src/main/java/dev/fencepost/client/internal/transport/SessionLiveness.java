package dev.fencepost.client.internal.transport;

import java.util.concurrent.TimeUnit;

/**
 * Whether the other end of one session still answers. A connection may swallow everything without
 * an error, so silence is asked about: by an overdue answer, or by heartbeats that do not come. The
 * server answers such a question by itself, without its store. Thread-safe.
 */
final class SessionLiveness {
  /** A server that is asked for a sign of life gives it within this time. */
  static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int MOST_MISSED_HEARTBEATS = 3;

  /** What the silence of a session means. */
  enum Verdict {
    /** Nothing is to be done. */
    WELL,
    /** The server is to be asked for a sign of life. */
    ASK,
    /** The session is dead. */
    GONE
  }

  private volatile long heardNanos;
  private volatile long lookedNanos;

  /** When the last question was asked; older than the last message: it was answered. */
  private volatile long askedNanos;

  private volatile long heartbeatNanos = TimeUnit.SECONDS.toNanos(5);

  SessionLiveness(long nowNanos) {
    this.heardNanos = nowNanos;
    this.lookedNanos = nowNanos;
  }

  /** A message came. */
  void hear(long nowNanos) {
    heardNanos = nowNanos;
  }

  /** The server gives a sign of life so often. */
  void expectEvery(long nanos) {
    heartbeatNanos = Math.max(TimeUnit.MILLISECONDS.toNanos(100), nanos);
    lookedNanos = heardNanos;
  }

  /** How often each side gives a sign of life. */
  long heartbeatNanos() {
    return heartbeatNanos;
  }

  /** Whether nothing was heard since the last question. */
  boolean isSuspect() {
    return askedNanos > heardNanos;
  }

  /** Whether nothing was heard for longer than this. */
  boolean isQuietFor(long nanos, long nowNanos) {
    return nowNanos - heardNanos > nanos;
  }

  /** Makes the session suspect; false if it is already. */
  synchronized boolean suspect(long nowNanos) {
    boolean isNew = !isSuspect();
    if (isNew) {
      askedNanos = nowNanos;
    }
    return isNew;
  }

  /** When the silence will mean something else. */
  long dueNanos() {
    return isSuspect() ? Math.min(goneAtNanos(), silentAtNanos()) : askAtNanos();
  }

  /** Judges the silence so far. */
  synchronized Verdict judge(long nowNanos) {
    forgiveOwnPause(nowNanos);
    if (nowNanos >= silentAtNanos() || (isSuspect() && nowNanos >= goneAtNanos())) {
      return Verdict.GONE;
    }
    return !isSuspect() && nowNanos >= askAtNanos() ? Verdict.ASK : Verdict.WELL;
  }

  /** After a pause of this process messages are still unread, and are read first. */
  private void forgiveOwnPause(long nowNanos) {
    if (nowNanos - lookedNanos > heartbeatNanos) {
      heardNanos = Math.max(heardNanos, nowNanos - heartbeatNanos);
    }
    if (isSuspect() && nowNanos - goneAtNanos() > ANSWER_NANOS / 4) {
      askedNanos = nowNanos;
    }
    lookedNanos = nowNanos;
  }

  private long goneAtNanos() {
    return askedNanos + ANSWER_NANOS;
  }

  /** One heartbeat is late. */
  private long askAtNanos() {
    return heardNanos + heartbeatNanos + heartbeatNanos / 2;
  }

  private long silentAtNanos() {
    return heardNanos + MOST_MISSED_HEARTBEATS * heartbeatNanos;
  }
}
