package dev.fencepost.server.service.call;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.limit.ClientQuota;
import dev.fencepost.server.service.limit.ServerLimits;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Limits the calls that are open at a time, in number and in bytes. Sessions, renewals and releases
 * have limits of their own, so that clients which wait for locks never prevent holders from
 * renewing or releasing theirs. Needs the identity of the caller; see {@link
 * CallerIdentity.Interceptor}.
 */
public final class AdmissionInterceptor implements ServerInterceptor {
  private static final String FENCEPOST_SERVICES = "fencepost.";

  private final ServerLimits limits;
  private final StatusMapper statuses;
  private final LimitAudit audit;

  /** Creates an interceptor that charges calls to the limits. */
  public AdmissionInterceptor(ServerLimits limits, StatusMapper statuses, LimitAudit audit) {
    this.limits = limits;
    this.audit = audit;
    this.statuses = statuses;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String client = CallerIdentity.current().client();
    AdmittedCall admitted;
    try {
      admitted = admit(call.getMethodDescriptor().getFullMethodName(), client);
    } catch (OverLimitException e) {
      audit.record(e);
      return ClosedCall.with(call, statuses.of(e));
    }
    try {
      Context context = Context.current().withValue(ByteCharge.KEY, admitted.charge);
      return new AdmittedListener<>(Contexts.interceptCall(context, call, headers, next), admitted);
    } catch (RuntimeException e) {
      admitted.leave();
      throw e;
    }
  }

  private AdmittedCall admit(String method, String client) {
    if (method.equals(HolderMethods.SESSION)) {
      return new AdmittedCall(limits.sessions(), limits.holdingBytes(), client, ByteCharge.SESSION);
    }
    if (HolderMethods.contain(method)) {
      return new AdmittedCall(limits.renewals(), limits.holdingBytes(), client, ByteCharge.CALL);
    }
    if (method.startsWith(FENCEPOST_SERVICES)) {
      return new AdmittedCall(limits.calls(), limits.waitingBytes(), client, ByteCharge.CALL);
    }
    return new AdmittedCall(limits.probes(), limits.waitingBytes(), client, 0);
  }

  /** The quota that one open call has taken. It is given back once. */
  private static final class AdmittedCall {
    private final ClientQuota share;
    private final String client;
    private final ByteCharge charge;
    private final AtomicBoolean open = new AtomicBoolean(true);

    AdmittedCall(ClientQuota share, ClientQuota memory, String client, long bytes) {
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
      if (open.getAndSet(false)) {
        charge.close();
        share.giveBack(client, 1);
      }
    }
  }

  private static final class AdmittedListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final AdmittedCall admitted;

    AdmittedListener(ServerCall.Listener<Q> delegate, AdmittedCall admitted) {
      super(delegate);
      this.admitted = admitted;
    }

    @Override
    public void onComplete() {
      admitted.leave();
      super.onComplete();
    }

    @Override
    public void onCancel() {
      admitted.leave();
      super.onCancel();
    }
  }
}
