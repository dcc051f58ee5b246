package dev.fencepost.server.service.call;

import dev.fencepost.core.TimerService;
import dev.fencepost.server.service.limit.ServerLimits;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Resets the stream of a call and discards everything in the transport that its client has not
 * read.
 *
 * <p>A status is sent after the messages before it, so it never reaches a client that does not
 * read. gRPC resets a stream whose context ends by a timeout, as it does at a deadline. Other code
 * cannot end the context that gRPC creates for a call, but a tracer can supply its parent context.
 * Thread-safe.
 */
public final class StreamReset {
  private static final Context.Key<StreamReset> KEY = Context.key("fencepost-stream");
  private static final StreamReset NONE = new StreamReset();

  /** Time for a client to read why its stream ended. */
  public static final Duration TIME_TO_READ = Duration.ofSeconds(5);

  private Context.@Nullable CancellableContext stream;
  private TimerService.@Nullable Timer timer;
  private long dueNanos;
  private boolean closed;

  private StreamReset() {}

  /**
   * Returns the tracers that make the calls of a server resettable. They reset calls whose requests
   * arrive in part and exceed {@link ServerLimits#arrivingBytes}.
   */
  public static ServerStreamTracer.Factory tracers(ServerLimits limits) {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        StreamReset reset = new StreamReset();
        ArrivingRequest request = new ArrivingRequest(limits.arrivingBytes());
        return new ServerStreamTracer() {
          @Override
          public Context filterContext(Context context) {
            return reset.within(context);
          }

          @Override
          public void serverCallStarted(ServerCallInfo<?, ?> call) {
            request.start(CallerIdentity.of(call.getAttributes()).client());
          }

          @Override
          public void inboundWireSize(long bytes) {
            if (!request.add(bytes)) {
              reset.reset();
            }
          }

          @Override
          public void inboundMessageRead(int number, long wireBytes, long bytes) {
            request.complete();
          }

          @Override
          public void streamClosed(Status status) {
            request.close();
            reset.close();
          }
        };
      }
    };
  }

  /**
   * Returns the reset of the call that this thread handles. It does nothing if the server lacks the
   * tracers.
   */
  public static StreamReset current() {
    StreamReset reset = KEY.get();
    return reset == null ? NONE : reset;
  }

  /**
   * Resets the stream after this time, in which the client can read how it ended. The earliest of
   * several times counts.
   */
  public synchronized void resetAfter(Duration timeToRead, TimerService timers) {
    long due = timers.nanoTime() + timeToRead.toNanos();
    TimerService.Timer running = timer;
    if (stream == null || closed || (running != null && dueNanos - due <= 0)) {
      return;
    }
    if (running != null) {
      running.cancel();
    }
    dueNanos = due;
    timer = timers.schedule(timeToRead, this::reset);
  }

  private synchronized Context within(Context context) {
    stream = context.withCancellation();
    return stream.withValue(KEY, this);
  }

  private void reset() {
    Context.CancellableContext current;
    synchronized (this) {
      current = stream;
    }
    if (current != null) {
      current.cancel(
          new TimeoutException(
              "the client has not read how it ended, or sends a request in parts"));
    }
  }

  /** Releases the stream when it ends, so that nothing is kept until the timer runs. */
  private synchronized void close() {
    closed = true;
    stream = null;
    if (timer != null) {
      timer.cancel();
    }
  }
}
