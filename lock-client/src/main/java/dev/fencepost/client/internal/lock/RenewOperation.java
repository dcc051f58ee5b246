package dev.fencepost.client.internal.lock;

import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.UnavailableException;
import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.client.internal.transport.PendingOperation;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A renewal with a waiting caller, repeated until it is answered or the call timeout is over. */
final class RenewOperation extends RetriedOperation<LeaseWindow> {
  private static final int TIMELY_PART = 4;

  private final ClientContext context;
  private final GrantRef grant;

  private RenewOperation(ClientContext context, AcquireTemplate template, GrantRef grant) {
    super(
        context,
        template.hash(),
        PendingOperation.Lane.RENEW,
        context.clock.nanos() + context.callTimeoutNanos);
    this.context = context;
    this.grant = grant;
  }

  /**
   * Renews a grant that was made elsewhere and keeps it from then on. The answer contains its
   * terms.
   */
  static LockHandle adopt(ClientContext context, AcquireTemplate template, GrantRef grant)
      throws InterruptedException {
    context.requireOpen();
    LeaseWindow window = ClientFutures.awaitResult(send(context, template, grant));
    return HeldLock.start(context, template, grant, window);
  }

  /**
   * Renews a grant now.
   *
   * @return a future that fails with {@link LockLostException} or {@link UnavailableException}
   */
  static CompletableFuture<LeaseWindow> send(
      ClientContext context, AcquireTemplate template, GrantRef grant) {
    RenewOperation renewal = new RenewOperation(context, template, grant);
    renewal.start();
    if (context.isClosed()) {
      renewal.abandon();
    }
    return renewal.answer();
  }

  @Override
  Operation.Builder operation(long nowNanos) {
    return Operation.newBuilder()
        .setRenew(RenewRequest.newBuilder().setGrant(ProtoConverter.toProto(grant)));
  }

  @Override
  @Nullable LeaseWindow toAnswer(Result result, long countedFromNanos) {
    RenewResponse response = result.getRenew();
    if (!response.hasRenewed()) {
      throw new LockLostException(grant.lock(), ProtoConverter.loss(response.getLost()));
    }
    Grant terms = response.getRenewed();
    boolean isTimely =
        context.clock.nanos() - countedFromNanos
            <= ProtoConverter.nanos(terms.getTtl()) / TIMELY_PART;
    return isTimely ? LeaseWindow.of(terms, countedFromNanos) : null;
  }

  @Override
  RuntimeException timeoutException() {
    return new UnavailableException(
        "no renewal of " + grant.lock() + " was answered: " + context.replicas.failures().text(),
        true);
  }
}
