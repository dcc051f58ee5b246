package dev.fencepost.cli;

import dev.fencepost.proto.v1.Lost;

/** Keeps a grant alive until it is closed. */
interface Keeping extends AutoCloseable {
  /** Stops renewing; the grant stands until it is released or its lease ends. */
  @Override
  void close();

  /** Is told what becomes of the grant, on a thread of the keeper's. */
  interface Listener {
    /** The lease was extended. */
    void renewed(HeldGrant grant);

    /** The grant is gone for good; nothing more is told. */
    void lost(Lost why);

    /** A renewal is overdue, for the first time since one succeeded. */
    void troubled(CallException why);
  }
}
