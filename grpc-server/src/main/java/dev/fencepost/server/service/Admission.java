package dev.fencepost.server.service;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the calls that are open at a time, in number and in bytes. Sessions, renewals and releases
 * have shares of their own, so that those who wait for locks never keep those who hold them from
 * keeping or giving them back. Needs the peer of the call; see {@link Peer.Interceptor}.
 */
final class Admission implements ServerInterceptor {
  private static final String OURS = "fencepost.";

  private static final String SESSION = SessionServiceGrpc.getSessionMethod().getFullMethodName();

  private static final Set<String> KEEPING =
      Set.of(
          LockServiceGrpc.getRenewMethod().getFullMethodName(),
          LockServiceGrpc.getBatchRenewMethod().getFullMethodName(),
          LockServiceGrpc.getReleaseMethod().getFullMethodName());

  private final ServerLimits limits;
  private final Refusals refusals;

  /** Charges the calls to the limits. */
  Admission(ServerLimits limits, Refusals refusals) {
    this.limits = limits;
    this.refusals = refusals;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String client = Peer.current().client();
    Place place;
    try {
      place = place(call.getMethodDescriptor().getFullMethodName(), client);
    } catch (OverLimitException e) {
      return Closed.with(call, refusals.of(e));
    }
    try {
      Context context = Context.current().withValue(ByteCharge.KEY, place.charge);
      return new Leaving<>(Contexts.interceptCall(context, call, headers, next), place);
    } catch (RuntimeException e) {
      place.leave();
      throw e;
    }
  }

  private Place place(String method, String client) {
    if (method.equals(SESSION)) {
      return new Place(limits.sessions(), limits.holdingBytes(), client, ByteCharge.SESSION);
    }
    if (KEEPING.contains(method)) {
      return new Place(limits.renewals(), limits.holdingBytes(), client, ByteCharge.CALL);
    }
    if (method.startsWith(OURS)) {
      return new Place(limits.calls(), limits.waitingBytes(), client, ByteCharge.CALL);
    }
    return new Place(limits.probes(), limits.waitingBytes(), client, 0);
  }

  /** One call's place, given back once. */
  private static final class Place {
    private final ClientQuota share;
    private final String client;
    private final ByteCharge charge;
    private final AtomicBoolean taken = new AtomicBoolean(true);

    Place(ClientQuota share, ClientQuota memory, String client, long bytes) {
      this.share = share;
      this.client = client;
      this.charge = new ByteCharge(memory, client);
      share.take(client, 1);
      try {
        charge.add(bytes);
      } catch (OverLimitException e) {
        share.giveBack(client, 1);
        throw e;
      }
    }

    void leave() {
      if (taken.getAndSet(false)) {
        charge.close();
        share.giveBack(client, 1);
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
