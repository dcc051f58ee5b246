package dev.fencepost.server.service;

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
 * Ends calls whose one request does not come, so that calls which were only begun do not keep the
 * places of others. Sessions have their heartbeat for this. Thread-safe.
 */
final class RequestTimeout implements ServerInterceptor {
  /** Longest time from a call's beginning to its request; up to half as much again may pass. */
  static final Duration TIME = Duration.ofSeconds(10);

  private static final Duration LOOK_EVERY = TIME.dividedBy(2);

  private static final Status TOO_LATE =
      Status.INVALID_ARGUMENT.withDescription(
          "the request did not come within " + TIME.toSeconds() + " s of its call's beginning");

  private final TimerService timers;
  private final Set<Awaiting<?>> awaiting = ConcurrentHashMap.newKeySet();

  RequestTimeout(TimerService timers) {
    this.timers = timers;
    lookLater();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
      return next.startCall(call, headers);
    }
    Awaiting<Q> listener = new Awaiting<>(next.startCall(call, headers), call);
    awaiting.add(listener);
    return listener;
  }

  private void lookLater() {
    timers.schedule(
        LOOK_EVERY,
        () -> {
          long now = timers.nanoTime();
          awaiting.stream()
              .filter(each -> now - each.beganNanos >= TIME.toNanos())
              .forEach(Awaiting::giveUp);
          lookLater();
        });
  }

  /** A call whose request has not come. Either the request is handled or the call is given up. */
  private final class Awaiting<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private final long beganNanos = timers.nanoTime();
    private final AtomicBoolean decided = new AtomicBoolean();
    private volatile boolean givenUp;

    Awaiting(ServerCall.Listener<Q> delegate, ServerCall<Q, ?> call) {
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
      if (!givenUp) {
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

    void giveUp() {
      if (decide()) {
        givenUp = true;
        call.close(TOO_LATE, new Metadata());
      }
    }

    private boolean decide() {
      awaiting.remove(this);
      return decided.compareAndSet(false, true);
    }
  }
}
