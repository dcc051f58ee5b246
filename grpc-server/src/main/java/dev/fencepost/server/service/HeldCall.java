package dev.fencepost.server.service;

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
 * A call that has arrived and is not started yet. It ends in one of three ways: it passes, it is
 * refused, or its caller leaves. Thread-safe; what the transport says is forwarded in order.
 */
final class HeldCall<Q, R> extends ServerCall.Listener<Q> {
  private final ServerCall<Q, R> call;
  private final Metadata headers;
  private final ServerCallHandler<Q, R> next;
  private final Consumer<HeldCall<?, ?>> onEnd;
  private final Context context = Context.current();
  private final List<Consumer<ServerCall.Listener<Q>>> early = new ArrayList<>();
  private ServerCall.@Nullable Listener<Q> started;
  private @Nullable Timer timer;
  private boolean ended;

  /** {@code onEnd} is told once, when the call is held no longer. */
  HeldCall(
      ServerCall<Q, R> call,
      Metadata headers,
      ServerCallHandler<Q, R> next,
      Consumer<HeldCall<?, ?>> onEnd) {
    this.call = call;
    this.headers = headers;
    this.next = next;
    this.onEnd = onEnd;
  }

  /** Cancels the timer when the call is held no longer. */
  synchronized void onTimer(Timer limit) {
    timer = limit;
    if (ended) {
      limit.cancel();
    }
  }

  /** Starts the call, unless it has ended. */
  synchronized void pass() {
    if (end()) {
      context.run(() -> start(next.startCall(call, headers)));
    }
  }

  /** Closes the call, unless it has ended. */
  synchronized void refuse(Refusal refusal) {
    if (end()) {
      start(Closed.with(call, refusal));
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

  private void start(ServerCall.Listener<Q> listener) {
    started = listener;
    early.forEach(event -> event.accept(listener));
    early.clear();
  }

  /**
   * Before the start the transport has no message to bring, but a transport on the same thread
   * brings all of it while the call is being started.
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
