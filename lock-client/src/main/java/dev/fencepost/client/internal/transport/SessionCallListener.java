package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.SessionResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Receives the messages of a session's stream on the transport's own thread. This saves a thread
 * switch for each result.
 *
 * <p>grpc-okhttp calls back while it holds its connection's lock. When a connection breaks, it
 * walks through its calls and reports their end. Two such callbacks that wrote to each other's
 * connections would therefore deadlock. So a callback neither writes to another connection nor
 * cancels a call. Events that may lead to this (a greeting, a notice, an end) are handled on the
 * offload executor.
 */
final class SessionCallListener extends ClientCall.Listener<SessionResponse> {
  private static final ThreadLocal<@Nullable SessionStream> CURRENT = new ThreadLocal<>();

  private final SessionStream session;
  private final Executor offload;

  SessionCallListener(SessionStream session, Executor offload) {
    this.session = session;
    this.offload = offload;
  }

  /** Whether this thread runs a callback of another session and so must not write to this one. */
  static boolean isCallbackOfAnother(SessionStream session) {
    SessionStream current = CURRENT.get();
    return current != null && current != session;
  }

  @Override
  public void onMessage(SessionResponse message) {
    if (message.hasWelcome() || message.getNoticesCount() > 0) {
      offload(() -> session.onMessage(message));
    } else {
      runInCallback(() -> session.onMessage(message));
    }
  }

  @Override
  public void onReady() {
    runInCallback(session::flush);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    offload(() -> session.onClosed(status));
  }

  private void runInCallback(Runnable work) {
    runAs(session, work);
  }

  private void offload(Runnable work) {
    offload(offload, work);
  }

  /** Runs the work on the executor, where any session may be written to. */
  static void offload(Executor offload, Runnable work) {
    offload.execute(() -> runAs(null, work));
  }

  private static void runAs(@Nullable SessionStream who, Runnable work) {
    SessionStream before = CURRENT.get();
    CURRENT.set(who);
    try {
      work.run();
    } finally {
      CURRENT.set(before);
    }
  }
}
