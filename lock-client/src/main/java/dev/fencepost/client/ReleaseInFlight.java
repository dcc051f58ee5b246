package dev.fencepost.client;

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
final class ReleaseInFlight extends Repeated<Release> {
  private final ReleaseRequest request;
  private final @Nullable Holding holding;
  private final @Nullable Handle holder;

  private final AtomicInteger sent = new AtomicInteger();

  private ReleaseInFlight(
      ClientParts parts,
      LockPlan plan,
      ReleaseRequest request,
      @Nullable Holding holding,
      @Nullable Handle holder) {
    super(
        parts,
        plan.hash(),
        Pending.Lane.RELEASE,
        parts.clock.nanos() + (holding == null ? parts.ttlNanos(plan) : holding.ttlNanos()));
    this.request = request;
    this.holding = holding;
    this.holder = holder;
  }

  /** Gives back what a handle holds; a loss that this shows is told to the handle. */
  static CompletableFuture<Release> ofHeld(
      ClientParts parts, LockPlan plan, Holding holding, @Nullable Handle holder) {
    ReleaseInFlight release =
        new ReleaseInFlight(parts, plan, request(holding.ref()), holding, holder);
    release.begin();
    return release.answer();
  }

  /** Gives back a grant that nobody uses. */
  static void giveBack(ClientParts parts, LockPlan plan, GrantRef grant) {
    new ReleaseInFlight(parts, plan, request(grant), null, null).begin();
  }

  /** Gives back a grant that may still stand, although its holder was told that it is lost. */
  static void ofLost(ClientParts parts, LockPlan plan, Holding holding) {
    new ReleaseInFlight(parts, plan, request(holding.ref()), holding, null).begin();
  }

  /** Ends a claim wherever it stands; {@code where} it was sent is asked first. */
  static void withdraw(ClientParts parts, LockPlan plan, ClaimId claim, @Nullable Session where) {
    ReleaseRequest request = request(plan.terms().name(), claim).build();
    new ReleaseInFlight(parts, plan, request, null, null).begin(where);
  }

  @Override
  Operation.Builder operation(long nowNanos) {
    sent.incrementAndGet();
    long closeFor = holding == null ? 0 : holding.closeForNanos(nowNanos);
    return closeFor == 0
        ? Operation.newBuilder().setRelease(request)
        : Operation.newBuilder()
            .setRelease(request.toBuilder().setCloseFor(Wire.ofNanos(closeFor)));
  }

  @Override
  Release answer(Result result, long countedFromNanos) {
    Release outcome = Wire.release(result.getRelease());
    if (sent.get() > 1
        && outcome instanceof Release.NotHeld gone
        && gone.reason() != LossReason.REVOKED) {
      // Sent before, without an answer that came: that one has released it.
      return new Release.Released();
    }
    if (outcome instanceof Release.NotHeld notHeld
        && holder != null
        && notHeld.reason() != LossReason.RELEASED) {
      holder.releasedTooLate(notHeld.reason());
    }
    return outcome;
  }

  @Override
  RuntimeException late() {
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
