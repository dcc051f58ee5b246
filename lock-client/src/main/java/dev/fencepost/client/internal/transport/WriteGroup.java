package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.TimingWheel;
import java.util.ArrayList;
import java.util.List;

/** Groups operations for many sessions into one write per session. */
final class WriteGroup {
  private WriteGroup() {}

  /** Runs the work while the sessions hold back what it sends, then writes. */
  static void run(TimingWheel<SessionStream> sessions, Runnable work) {
    List<SessionStream> corked = new ArrayList<>();
    sessions.forEach(
        session -> {
          if (session.cork()) {
            corked.add(session);
          }
        });
    try {
      work.run();
    } finally {
      corked.forEach(SessionStream::uncork);
    }
  }
}
