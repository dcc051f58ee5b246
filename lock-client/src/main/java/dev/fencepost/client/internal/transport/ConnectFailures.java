package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.tls.TlsFailure;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Why a client has no session, for people. If a server closed the connection without a reason, the
 * connector is asked on a thread of its own, one at a time. Thread-safe.
 */
public final class ConnectFailures {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectFailures.class);

  private final ReplicaConnector connector;
  private final AtomicBoolean isAsking = new AtomicBoolean();
  private volatile Last last = new Last("no server was asked yet", false);

  /** The last failure; refused if another try needs other settings. */
  private record Last(String text, boolean isRefused) {}

  ConnectFailures(ReplicaConnector connector) {
    this.connector = connector;
  }

  /** Returns the last failure. */
  public String text() {
    return last.text;
  }

  /** Whether client and server did not agree on TLS, so that waiting alone does not help. */
  public boolean isRefused() {
    return last.isRefused;
  }

  /** Returns the failure of an operation that was never sent; {@code why} is for people. */
  public CallFailure noServer(String why) {
    return CallFailure.of(
        isRefused() ? CallFailure.Kind.DENIED : CallFailure.Kind.UNREACHED,
        "no server could be reached: " + why);
  }

  /** Records that the target's name could not be resolved. */
  public void recordUnresolved(Exception why) {
    record("the target's name is not known: " + why.getMessage());
    LOG.warn("{}", text());
  }

  void record(String text) {
    last = new Last(text, false);
  }

  /** Records the end of a session; {@code wasWelcomed} tells whether the server had answered. */
  void record(ReplicaNode node, Status why, boolean wasWelcomed) {
    Optional<String> explanation = TlsFailure.explain(why.getCause());
    if (explanation.isPresent()) {
      last = new Last(node + ": " + explanation.get(), true);
    } else if (!last.isRefused || why.getCause() != null || wasWelcomed) {
      record(node + ": " + CallFailure.describe(why));
    }
    boolean isMute = why.getCode() == Status.Code.UNAVAILABLE && why.getCause() == null;
    if (isMute && !wasWelcomed && isAsking.compareAndSet(false, true)) {
      Thread asker = new Thread(() -> ask(node), "fencepost-client-diagnosis");
      asker.setDaemon(true);
      asker.start();
    }
  }

  private void ask(ReplicaNode node) {
    try {
      connector
          .diagnose(node.address)
          .ifPresent(explanation -> last = new Last(node + ": " + explanation, true));
    } finally {
      isAsking.set(false);
    }
  }
}
