package dev.fencepost.cli.remote;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Waits for a connection. A process that is stopped, or a proxy without a server, lets others
 * connect and then says nothing; without a limit of its own, making the connection would take as
 * long as the call may wait in line.
 */
final class ConnectionWait {
  private ConnectionWait() {}

  /**
   * Returns when the server has answered as one, or refused the connection: then the call says so.
   *
   * @throws io.grpc.StatusRuntimeException UNAVAILABLE, and certainly not sent, if it said nothing
   */
  static void await(ManagedChannel channel, long limitNanos) throws InterruptedException {
    long endNanos = System.nanoTime() + limitNanos;
    for (ConnectivityState state = channel.getState(true);
        state == ConnectivityState.IDLE || state == ConnectivityState.CONNECTING;
        state = channel.getState(true)) {
      CountDownLatch changed = new CountDownLatch(1);
      channel.notifyWhenStateChanged(state, changed::countDown);
      if (!changed.await(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        String said = "no answer to the connection within ";
        throw Status.UNAVAILABLE
            .withCause(new Silence(said + WireDurations.about(Duration.ofNanos(limitNanos))))
            .asRuntimeException();
      }
    }
  }

  /** Whether nothing listens there, as while a server starts; not silence, nor an unknown name. */
  static boolean wasRefused(Status status) {
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return !(cause instanceof Silence);
      }
    }
    return false;
  }

  /** Somebody accepted the connection and said nothing. */
  private static final class Silence extends ConnectException {
    private static final long serialVersionUID = 1L;

    Silence(String message) {
      super(message);
    }
  }
}
