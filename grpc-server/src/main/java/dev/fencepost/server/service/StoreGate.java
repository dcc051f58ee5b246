package dev.fencepost.server.service;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Refuses calls until the store was opened. Thread-safe. */
public final class StoreGate implements ServerInterceptor {
  private final Refusals refusals;
  private volatile boolean isOpen;

  /** A closed gate. */
  public StoreGate(Refusals refusals) {
    this.refusals = refusals;
  }

  /** Lets every later call pass. */
  public void open() {
    isOpen = true;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (isOpen) {
      return next.startCall(call, headers);
    }
    return Closed.with(
        call,
        refusals.of(
            new StoreException(Failure.STORE_UNREACHABLE, "not connected to the store yet")));
  }
}
