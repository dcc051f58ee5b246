package dev.fencepost.server.service.grant;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LockName;
import org.jspecify.annotations.Nullable;

/**
 * The client that a grant belongs to, with the listener of its session if it has one. Thread-safe.
 */
public final class GrantClient {
  private final String client;
  private volatile @Nullable LossListener listener;

  private GrantClient(String client, @Nullable LossListener listener) {
    this.client = client;
    this.listener = listener;
  }

  /** A client that acquires and renews through a session. */
  public static GrantClient ofSession(String client, LossListener listener) {
    return new GrantClient(client, listener);
  }

  /** A client that acquires and renews by unary calls. */
  public static GrantClient ofUnaryCall(String client) {
    return new GrantClient(client, null);
  }

  /** Removes the listener when the session ends. The grants remain. */
  public void detachSession() {
    listener = null;
  }

  /** The client that is charged for the grants. */
  String client() {
    return client;
  }

  boolean hasListener() {
    return listener != null;
  }

  void notifyLoss(LockName lock, FencingToken token, GrantLoss loss) {
    LossListener current = listener;
    if (current != null) {
      current.onGrantLost(lock, token, loss);
    }
  }
}
