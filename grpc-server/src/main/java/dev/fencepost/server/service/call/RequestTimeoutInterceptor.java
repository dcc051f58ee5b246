package dev.fencepost.server.service.call;

import dev.fencepost.core.TimerService;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends calls whose single request does not arrive, so that calls which were only opened do not use
 * up the limits. Sessions have their heartbeat for this. Thread-safe.
 */
public final class RequestTimeoutInterceptor implements ServerInterceptor {
  /** Longest time from the start of a call to its request. A call may end up to 50 % later. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private static final Duration CHECK_INTERVAL = LIMIT.dividedBy(2);

  private static final Status TOO_LATE =
      Status.INVALID_ARGUMENT.withDescription(
          "the request did not arrive within " + LIMIT.toSeconds() + " s of the start of its call");

  private final TimerService timers;
  private final Set<AwaitedRequest<?>> awaiting = ConcurrentHashMap.newKeySet();

  public RequestTimeoutInterceptor(TimerService timers) {
    this.timers = timers;
    scheduleCheck();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
      return next.startCall(call, headers);
    }
    AwaitedRequest<Q> listener = new AwaitedRequest<>(next.startCall(call, headers), call);
    awaiting.add(listener);
    return listener;
  }

  private void scheduleCheck() {
    timers.schedule(
        CHECK_INTERVAL,
        () -> {
          long now = timers.nanoTime();
          awaiting.stream()
              .filter(each -> now - each.startedNanos >= LIMIT.toNanos())
              .forEach(AwaitedRequest::timeOut);
          scheduleCheck();
        });
  }

  /** A call whose request has not arrived. Either the request is handled or the call times out. */
  private final class AwaitedRequest<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private final long startedNanos = timers.nanoTime();
    private final AtomicBoolean decided = new AtomicBoolean();
    private volatile boolean timedOut;

    AwaitedRequest(ServerCall.Listener<Q> delegate, ServerCall<Q, ?> call) {
      super(delegate);
      this.call = call;
    }

    @Override
    public void onHalfClose() {
      if (decide()) {
        super.onHalfClose();
      }
    }

    @Override
    public void onMessage(Q message) {
      if (!timedOut) {
        super.onMessage(message);
      }
    }

    @Override
    public void onComplete() {
      decide();
      super.onComplete();
    }

    @Override
    public void onCancel() {
      decide();
      super.onCancel();
    }

    void timeOut() {
      if (decide()) {
        timedOut = true;
        call.close(TOO_LATE, new Metadata());
      }
    }

    private boolean decide() {
      awaiting.remove(this);
      return decided.compareAndSet(false, true);
    }
  }
}
