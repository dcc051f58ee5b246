package dev.fencepost.server.service;

import dev.fencepost.core.TimerService;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Gives up the stream of a call, with all that it has in the transport and its client has not read.
 *
 * <p>A status travels behind the messages before it, so to a client that does not read it never
 * comes. gRPC resets a stream whose context ended by a timeout, as that of its deadline does. The
 * context that gRPC makes for a call cannot be ended by others, but the one that it makes it of can
 * be given by a tracer. Thread-safe.
 */
public final class StreamReset {
  private static final Context.Key<StreamReset> KEY = Context.key("fencepost-stream");
  private static final StreamReset NONE = new StreamReset();

  private Context.@Nullable CancellableContext stream;
  private TimerService.@Nullable Timer timer;
  private long dueNanos;
  private boolean closed;

  private StreamReset() {}

  /** Makes the calls of a server resettable. */
  public static ServerStreamTracer.Factory tracers() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        StreamReset reset = new StreamReset();
        return new ServerStreamTracer() {
          @Override
          public Context filterContext(Context context) {
            return reset.within(context);
          }

          @Override
          public void streamClosed(Status status) {
            reset.close();
          }
        };
      }
    };
  }

  /** For the call that this thread handles; does nothing if its server has not the tracers. */
  static StreamReset current() {
    StreamReset reset = KEY.get();
    return reset == null ? NONE : reset;
  }

  /** Leaves the client this time to read how its stream ended; the shortest of all counts. */
  synchronized void after(Duration timeToRead, TimerService timers) {
    long due = timers.nanoTime() + timeToRead.toNanos();
    TimerService.Timer running = timer;
    if (stream == null || closed || (running != null && dueNanos - due <= 0)) {
      return;
    }
    if (running != null) {
      running.cancel();
    }
    dueNanos = due;
    timer = timers.schedule(timeToRead, this::giveUp);
  }

  private synchronized Context within(Context context) {
    stream = context.withCancellation();
    return stream.withValue(KEY, this);
  }

  private void giveUp() {
    Context.CancellableContext given;
    synchronized (this) {
      given = stream;
    }
    if (given != null) {
      given.cancel(new TimeoutException("the client has not read how it ended"));
    }
  }

  /** The stream is over: nothing of it is kept until the time is. */
  private synchronized void close() {
    closed = true;
    stream = null;
    if (timer != null) {
      timer.cancel();
    }
  }
}
