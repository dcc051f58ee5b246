package dev.fencepost.server.service.grant;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LockName;

/** Notifies a session that a grant of its client has ended. */
@FunctionalInterface
public interface LossListener {
  /** Never blocks. May be called after the end of the session. */
  void onGrantLost(LockName lock, FencingToken token, GrantLoss loss);
}
