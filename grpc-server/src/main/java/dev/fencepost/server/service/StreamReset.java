package dev.fencepost.server.service;

import dev.fencepost.core.Timers;
import io.grpc.Context;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * Gives up the stream of a call, with all that it has in the transport and its client has not read.
 *
 * <p>A status travels behind the messages before it, so to a client that does not read it never
 * comes. gRPC resets a stream whose context ended by a timeout, as that of its deadline does; the
 * context that it made for the call is the one that the first interceptor sees.
 */
final class StreamReset {
  static final Context.Key<StreamReset> KEY = Context.key("fencepost-reset");

  private final Context call;

  StreamReset(Context call) {
    this.call = call;
  }

  /** For the call that this thread handles. */
  static StreamReset current() {
    StreamReset reset = KEY.get();
    return reset == null ? new StreamReset(Context.ROOT) : reset;
  }

  /** Leaves the client this time to read how its stream ended. */
  void after(Duration timeToRead, Timers timers) {
    timers.schedule(timeToRead, this::now);
  }

  private void now() {
    if (call instanceof Context.CancellableContext context) {
      context.cancel(new TimeoutException("the client did not read how its stream ended"));
    }
  }
}
