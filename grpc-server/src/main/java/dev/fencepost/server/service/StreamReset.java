package dev.fencepost.server.service;

import dev.fencepost.core.Timers;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Gives up the stream of a call, with all that it has in the transport and its client has not read.
 *
 * <p>A status travels behind the messages before it, so to a client that does not read it never
 * comes. gRPC resets a stream whose context ended by a timeout, as that of its deadline does. The
 * context that gRPC makes for a call cannot be ended by others, but the one that it makes it of can
 * be given by a tracer.
 */
public final class StreamReset {
  private static final Context.Key<Context.CancellableContext> KEY =
      Context.key("fencepost-stream");

  private final Context.@Nullable CancellableContext stream;

  private StreamReset(Context.@Nullable CancellableContext stream) {
    this.stream = stream;
  }

  /** Makes the calls of a server resettable. */
  public static ServerStreamTracer.Factory tracers() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new ServerStreamTracer() {
          @Override
          public Context filterContext(Context context) {
            Context.CancellableContext stream = context.withCancellation();
            return stream.withValue(KEY, stream);
          }
        };
      }
    };
  }

  /** For the call that this thread handles; does nothing if its server has not the tracers. */
  static StreamReset current() {
    return new StreamReset(KEY.get());
  }

  /** Leaves the client this time to read how its stream ended. */
  void after(Duration timeToRead, Timers timers) {
    if (stream != null) {
      timers.schedule(
          timeToRead,
          () -> stream.cancel(new TimeoutException("the client has not read how it ended")));
    }
  }
}
