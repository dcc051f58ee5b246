package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.support.CallDeadline;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A stream to the member that other calls use. Messages wait until the stream is open; its user
 * bounds their number. Safe for use by many threads.
 *
 * @param <Q> the type of messages sent
 * @param <A> the type of messages received
 */
public final class EtcdStream<Q, A> {
  private final EtcdConnections connections;
  private final MethodDescriptor<Q, A> method;
  private final ClientCall.Listener<A> listener;
  private final Deque<Q> unsent = new ArrayDeque<>();
  private volatile @Nullable ClientCall<Q, A> call;
  private @Nullable String cancelled;
  private volatile int member = -1;
  private volatile int generation;
  private volatile Optional<String> login = Optional.empty();

  EtcdStream(
      EtcdConnections connections, MethodDescriptor<Q, A> method, ClientCall.Listener<A> listener) {
    this.connections = connections;
    this.method = method;
    this.listener = listener;
  }

  /** Opens the stream. The listener learns of a failure as of a later end. */
  public void open(CallDeadline deadline) {
    connections
        .login(deadline)
        .thenAccept(this::start)
        .exceptionally(
            error -> {
              listener.onClose(Status.fromThrowable(error), new Metadata());
              return null;
            });
  }

  /** Sends a message, as soon as the stream is open; drops it after the end. */
  public synchronized void send(Q message) {
    ClientCall<Q, A> open = call;
    if (cancelled == null && open != null) {
      open.sendMessage(message);
    } else if (cancelled == null) {
      unsent.addLast(message);
    }
  }

  /** Allows one more message to arrive. */
  public void requestNext() {
    ClientCall<Q, A> open = call;
    if (open != null) {
      open.request(1);
    }
  }

  /** True if the stream is open and other calls go to another member now. */
  public boolean isAtFormerMember() {
    return member >= 0 && member != connections.currentMember();
  }

  /** True if the stream is open on a connection with certificates that were exchanged since. */
  public boolean hasFormerCertificates() {
    return member >= 0 && generation != connections.generation(member);
  }

  /** Sends no more messages. etcd answers those that were sent, and ends the stream. */
  public synchronized void halfClose() {
    ClientCall<Q, A> open = call;
    if (cancelled == null && open != null) {
      cancelled = "half-closed";
      open.halfClose();
    }
  }

  /**
   * Forgets the login of this stream, because etcd reported in the stream that it has ended. The
   * next stream begins with a new login.
   */
  public void endLogin() {
    connections.forgetLogin(login);
  }

  /** Ends the stream. The listener may run meanwhile, on this thread. */
  public void cancel(String why) {
    ClientCall<Q, A> open;
    synchronized (this) {
      cancelled = why;
      unsent.clear();
      open = call;
    }
    if (open != null) {
      open.cancel(why, null);
    }
  }

  /** Starts the call outside the monitor, because the listener may run meanwhile. */
  private void start(Optional<String> token) {
    login = token;
    int to = connections.currentMember();
    generation = connections.generation(to);
    member = to;
    ClientCall<Q, A> started = connections.newCall(member, method, CallOptions.DEFAULT);
    started.start(new EndListener(), EtcdConnections.headers(token));
    started.request(1);
    String reason;
    synchronized (this) {
      call = started;
      unsent.forEach(started::sendMessage);
      unsent.clear();
      reason = cancelled;
    }
    if (reason != null) {
      started.cancel(reason, null);
    }
  }

  /** Forwards the messages, and evaluates the end. */
  private final class EndListener extends SimpleForwardingClientCallListener<A> {
    EndListener() {
      super(listener);
    }

    @Override
    public void onMessage(A message) {
      connections.onHeard(member);
      super.onMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      EtcdException.Kind kind = EtcdErrors.fromStatus(status).kind();
      try {
        if (kind == EtcdException.Kind.LOGGED_OUT) {
          endLogin();
        } else if (kind == EtcdException.Kind.UNANSWERED
            && status.getCode() != Status.Code.CANCELLED) {
          connections.onUnanswered(member);
        }
      } finally {
        super.onClose(status, trailers);
      }
    }
  }
}
