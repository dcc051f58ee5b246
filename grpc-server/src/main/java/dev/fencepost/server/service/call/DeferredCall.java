package dev.fencepost.server.service.call;

import dev.fencepost.core.TimerService.Timer;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that has arrived and is not started yet. The wait ends in one of three ways: the call is
 * started, it is refused, or its caller leaves. Events of the transport are forwarded in order.
 * Thread-safe.
 */
final class DeferredCall<Q, R> extends ServerCall.Listener<Q> {
  private final ServerCall<Q, R> call;
  private final Metadata headers;
  private final ServerCallHandler<Q, R> next;
  private final Consumer<DeferredCall<?, ?>> onEnd;
  private final Context context = Context.current();
  private final List<Consumer<ServerCall.Listener<Q>>> early = new ArrayList<>();
  private ServerCall.@Nullable Listener<Q> started;
  private @Nullable Timer timer;
  private boolean ended;

  /** Creates a waiting call. {@code onEnd} runs once, when the call waits no longer. */
  DeferredCall(
      ServerCall<Q, R> call,
      Metadata headers,
      ServerCallHandler<Q, R> next,
      Consumer<DeferredCall<?, ?>> onEnd) {
    this.call = call;
    this.headers = headers;
    this.next = next;
    this.onEnd = onEnd;
  }

  /** Sets the timer that is cancelled when the call waits no longer. */
  synchronized void setTimer(Timer limit) {
    timer = limit;
    if (ended) {
      limit.cancel();
    }
  }

  /** Starts the call, unless its wait has ended. */
  synchronized void start() {
    if (end()) {
      context.run(() -> forwardTo(next.startCall(call, headers)));
    }
  }

  /** Closes the call, unless its wait has ended. */
  synchronized void refuse(CallStatus refusal) {
    if (end()) {
      forwardTo(ClosedCall.with(call, refusal));
    }
  }

  @Override
  public synchronized void onMessage(Q message) {
    forward(listener -> listener.onMessage(message));
  }

  @Override
  public synchronized void onHalfClose() {
    forward(ServerCall.Listener::onHalfClose);
  }

  @Override
  public synchronized void onReady() {
    forward(ServerCall.Listener::onReady);
  }

  @Override
  public synchronized void onComplete() {
    end();
    forward(ServerCall.Listener::onComplete);
  }

  @Override
  public synchronized void onCancel() {
    end();
    forward(ServerCall.Listener::onCancel);
  }

  private void forwardTo(ServerCall.Listener<Q> listener) {
    started = listener;
    early.forEach(event -> event.accept(listener));
    early.clear();
  }

  /**
   * Forwards an event, or keeps it until the call is started. The transport delivers no message
   * before the start, but a transport on the same thread delivers all of them during the start.
   */
  private void forward(Consumer<ServerCall.Listener<Q>> event) {
    ServerCall.Listener<Q> listener = started;
    if (listener == null) {
      early.add(event);
    } else {
      event.accept(listener);
    }
  }

  private boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    if (timer != null) {
      timer.cancel();
    }
    onEnd.accept(this);
    return true;
  }
}
