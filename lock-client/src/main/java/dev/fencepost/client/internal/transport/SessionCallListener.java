package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.SessionResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Hears what comes on a session's stream, on the transport's own thread, which spares the hop to
 * another one for each result.
 *
 * <p>grpc-okhttp calls back with its connection's lock held, and tells the calls of a broken
 * connection of their end while it walks through them. So nothing is written to another connection
 * from there, or two that do it crosswise would wait for each other for ever; and no call is
 * cancelled there. What may lead to that (a greeting, news, an end) is dealt with apart.
 */
final class SessionCallListener extends ClientCall.Listener<SessionResponse> {
  private static final ThreadLocal<@Nullable SessionStream> CURRENT = new ThreadLocal<>();

  private final SessionStream session;
  private final Executor offload;

  SessionCallListener(SessionStream session, Executor offload) {
    this.session = session;
    this.offload = offload;
  }

  /** Whether this thread must not write to the session now. */
  static boolean isOfAnother(SessionStream session) {
    SessionStream heard = CURRENT.get();
    return heard != null && heard != session;
  }

  @Override
  public void onMessage(SessionResponse message) {
    if (message.hasWelcome() || message.getNoticesCount() > 0) {
      offload(() -> session.hear(message));
    } else {
      within(() -> session.hear(message));
    }
  }

  @Override
  public void onReady() {
    within(session::pump);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    offload(() -> session.closed(status));
  }

  private void within(Runnable work) {
    as(session, work);
  }

  private void offload(Runnable work) {
    offload(offload, work);
  }

  /** Does something elsewhere, where any session may be written to. */
  static void offload(Executor offload, Runnable work) {
    offload.execute(() -> as(null, work));
  }

  private static void as(@Nullable SessionStream who, Runnable work) {
    SessionStream before = CURRENT.get();
    CURRENT.set(who);
    try {
      work.run();
    } finally {
      CURRENT.set(before);
    }
  }
}
