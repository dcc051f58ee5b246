package dev.fencepost.client.internal.lock;

import dev.fencepost.client.UnavailableException;
import dev.fencepost.client.internal.transport.PendingOperation;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.SessionStream;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A release that is repeated until it is answered or the lease is over. */
final class ReleaseOperation extends RetriedOperation<Release> {
  private final ReleaseRequest request;
  private final @Nullable HeldLock heldLock;
  private final @Nullable LockHandleImpl holder;

  private final AtomicInteger sent = new AtomicInteger();

  private ReleaseOperation(
      ClientContext context,
      AcquireTemplate template,
      ReleaseRequest request,
      @Nullable HeldLock heldLock,
      @Nullable LockHandleImpl holder) {
    super(
        context,
        template.hash(),
        PendingOperation.Lane.RELEASE,
        context.clock.nanos()
            + (heldLock == null ? context.ttlNanos(template) : heldLock.ttlNanos()));
    this.request = request;
    this.heldLock = heldLock;
    this.holder = holder;
  }

  /** Releases the grant of a handle. A loss that the answer shows is reported to the handle. */
  static CompletableFuture<Release> releaseHeld(
      ClientContext context,
      AcquireTemplate template,
      HeldLock heldLock,
      @Nullable LockHandleImpl holder) {
    ReleaseOperation release =
        new ReleaseOperation(context, template, request(heldLock.ref()), heldLock, holder);
    release.start();
    return release.answer();
  }

  /** Releases a grant that nobody uses. */
  static void giveBack(ClientContext context, AcquireTemplate template, GrantRef grant) {
    new ReleaseOperation(context, template, request(grant), null, null).start();
  }

  /** Releases a grant that may still exist, although its holder was notified of a loss. */
  static void releaseLost(ClientContext context, AcquireTemplate template, HeldLock heldLock) {
    new ReleaseOperation(context, template, request(heldLock.ref()), heldLock, null).start();
  }

  /** Withdraws a claim wherever it is. The session {@code where} it was sent is asked first. */
  static void withdraw(
      ClientContext context,
      AcquireTemplate template,
      ClaimId claim,
      @Nullable SessionStream where) {
    ReleaseRequest request = request(template.options().name(), claim).build();
    new ReleaseOperation(context, template, request, null, null).start(where);
  }

  @Override
  Operation.Builder operation(long nowNanos) {
    sent.incrementAndGet();
    long closeFor = heldLock == null ? 0 : heldLock.closeForNanos(nowNanos);
    return closeFor == 0
        ? Operation.newBuilder().setRelease(request)
        : Operation.newBuilder()
            .setRelease(request.toBuilder().setCloseFor(ProtoConverter.nanosToProto(closeFor)));
  }

  @Override
  Release toAnswer(Result result, long countedFromNanos) {
    Release outcome = ProtoConverter.release(result.getRelease());
    if (sent.get() > 1
        && outcome instanceof Release.NotHeld gone
        && gone.reason() != LossReason.REVOKED) {
      // An earlier message without an answer has released it.
      return new Release.Released();
    }
    if (outcome instanceof Release.NotHeld notHeld
        && holder != null
        && notHeld.reason() != LossReason.RELEASED) {
      holder.onReleasedTooLate(notHeld.reason());
    }
    return outcome;
  }

  @Override
  RuntimeException timeoutException() {
    return new UnavailableException(
        "no release of " + request.getName() + " was answered before its lease ended", true);
  }

  private static ReleaseRequest request(GrantRef grant) {
    return request(grant.lock(), grant.claim()).setFencingToken(grant.token().value()).build();
  }

  private static ReleaseRequest.Builder request(LockName lock, ClaimId claim) {
    return ReleaseRequest.newBuilder().setName(lock.value()).setClaimId(claim.value());
  }
}
