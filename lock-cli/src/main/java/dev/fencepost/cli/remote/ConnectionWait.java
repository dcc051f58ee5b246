package dev.fencepost.cli.remote;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Waits for a connection, for a limited time. A stopped process, or a proxy without a server,
 * accepts a connection and then sends nothing. Without this limit, connecting would take as long as
 * the call may wait for the lock.
 */
final class ConnectionWait {
  private ConnectionWait() {}

  /**
   * Returns when the server has answered the connection or refused it. After a refusal the call
   * itself fails and reports it.
   *
   * @throws io.grpc.StatusRuntimeException UNAVAILABLE if the server sent nothing; the call was
   *     certainly not sent
   */
  static void await(ManagedChannel channel, long limitNanos) throws InterruptedException {
    long endNanos = System.nanoTime() + limitNanos;
    for (ConnectivityState state = channel.getState(true);
        state == ConnectivityState.IDLE || state == ConnectivityState.CONNECTING;
        state = channel.getState(true)) {
      CountDownLatch changed = new CountDownLatch(1);
      channel.notifyWhenStateChanged(state, changed::countDown);
      if (!changed.await(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        String message = "no answer to the connection within ";
        throw Status.UNAVAILABLE
            .withCause(
                new SilentServerException(
                    message + WireDurations.printRounded(Duration.ofNanos(limitNanos))))
            .asRuntimeException();
      }
    }
  }

  /** True if nothing listens at the address; false for a silent server or an unknown host name. */
  static boolean isRefused(Status status) {
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return !(cause instanceof SilentServerException);
      }
    }
    return false;
  }

  /** The connection was accepted, but the server sent nothing. */
  private static final class SilentServerException extends ConnectException {
    private static final long serialVersionUID = 1L;

    SilentServerException(String message) {
      super(message);
    }
  }
}
