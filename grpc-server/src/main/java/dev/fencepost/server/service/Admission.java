package dev.fencepost.server.service;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.proto.v1.LockServiceGrpc;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the calls that are open at a time. Renewals and releases have a share of their own, so
 * that those who wait for locks never keep those who hold them from keeping or giving them back.
 */
public final class Admission implements ServerInterceptor {
  private static final Set<String> KEEPING =
      Set.of(
          LockServiceGrpc.getRenewMethod().getFullMethodName(),
          LockServiceGrpc.getBatchRenewMethod().getFullMethodName(),
          LockServiceGrpc.getReleaseMethod().getFullMethodName());

  private final Share calls;
  private final Share renewals;
  private final Refusals refusals;

  /** Bounds both shares. */
  public Admission(int maxCalls, int maxRenewals, Refusals refusals) {
    this.calls = new Share("calls open at a time", maxCalls);
    this.renewals = new Share("renewals and releases open at a time", maxRenewals);
    this.refusals = refusals;
  }

  /** Calls that are open now, renewals and releases left out. */
  public int openCalls() {
    return calls.open.get();
  }

  /** Renewals and releases that are open now. */
  public int openRenewals() {
    return renewals.open.get();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    Share share = KEEPING.contains(method) ? renewals : calls;
    if (share.open.incrementAndGet() > share.limit) {
      share.open.decrementAndGet();
      return Closed.with(call, refusals.of(new OverLimitException(share.name, share.limit)));
    }
    Place place = new Place(share);
    try {
      return new Leaving<>(next.startCall(call, headers), place);
    } catch (RuntimeException e) {
      place.leave();
      throw e;
    }
  }

  private static final class Share {
    private final String name;
    private final int limit;
    private final AtomicInteger open = new AtomicInteger();

    Share(String name, int limit) {
      this.name = name;
      this.limit = limit;
    }
  }

  /** One call's place, given back once. */
  private static final class Place {
    private final Share share;
    private final AtomicBoolean taken = new AtomicBoolean(true);

    Place(Share share) {
      this.share = share;
    }

    void leave() {
      if (taken.getAndSet(false)) {
        share.open.decrementAndGet();
      }
    }
  }

  private static final class Leaving<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Place place;

    Leaving(ServerCall.Listener<Q> delegate, Place place) {
      super(delegate);
      this.place = place;
    }

    @Override
    public void onComplete() {
      place.leave();
      super.onComplete();
    }

    @Override
    public void onCancel() {
      place.leave();
      super.onCancel();
    }
  }
}
