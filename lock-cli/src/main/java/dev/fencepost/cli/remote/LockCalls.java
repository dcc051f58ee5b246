package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import io.grpc.Status;
import java.time.Duration;

/** Takes, renews and releases, and counts the lease so that it is safe to use. */
public final class LockCalls {
  /** More late answers in a row than this mean that a server is too slow for the lease. */
  private static final int MOST_LATE_ANSWERS = 5;

  private static final Duration WITHDRAWAL = Duration.ofSeconds(1);

  private final ServerPool servers;
  private final Duration timeout;

  public LockCalls(ServerPool servers, Duration timeout) {
    this.servers = servers;
    this.timeout = timeout;
  }

  /**
   * Takes a lock, as {@link #acquire} does, for a caller who cannot repeat the claim: if no answer
   * comes, it is withdrawn as far as a server can be reached.
   */
  public ClaimResult acquireOrWithdraw(AcquireRequest order) throws InterruptedException {
    try {
      return acquire(order);
    } catch (CallException e) {
      if (!e.isUnsent() && e.exitCode() == ExitCode.UNAVAILABLE) {
        withdraw(order);
      }
      throw e;
    }
  }

  /**
   * Takes a lock. Whoever interrupts the wait leaves no claim behind.
   *
   * @param order the claim, as the first call sends it
   */
  public ClaimResult acquire(AcquireRequest order) throws InterruptedException {
    try {
      ClaimResult claimed = take(order);
      if (Thread.interrupted()) {
        throw new InterruptedException("the answer came too late");
      }
      return claimed;
    } catch (InterruptedException e) {
      withdraw(order);
      throw e;
    }
  }

  /** Ends a claim whose outcome nobody knows, wherever it stands; failing that, its lease does. */
  private void withdraw(AcquireRequest order) throws InterruptedException {
    ReleaseRequest request =
        ReleaseRequest.newBuilder().setName(order.getName()).setClaimId(order.getClaimId()).build();
    try {
      servers.ask(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), request, WITHDRAWAL));
    } catch (CallException e) {
      // Nobody is there to be told: the lease ends by itself.
    }
  }

  private ClaimResult take(AcquireRequest order) throws InterruptedException {
    Duration wait = WireDurations.fromWire(order.getWait());
    TimedAnswer<AcquireResponse> reply =
        servers.ask(
            new UnaryCall<>(
                LockServiceGrpc.getAcquireMethod(),
                elapsed -> later(order, wait, elapsed),
                wait,
                timeout,
                UnaryCall.Repeat.ALWAYS));
    if (reply.answer().hasNotGranted()) {
      return new ClaimResult.Refused(reply.answer().getNotGranted());
    }
    if (!reply.answer().hasGranted()) {
      throw unintelligible("Acquire");
    }
    HeldGrant held =
        new HeldGrant(
            new ClaimId(order.getClaimId()), reply.answer().getGranted(), reply.sentNanos());
    return HeldGrant.isTimely(held.grant(), reply.took())
        ? new ClaimResult.Held(held)
        : renew(held.claim(), held.ref());
  }

  private static AcquireRequest later(AcquireRequest order, Duration wait, Duration elapsed) {
    if (elapsed.isZero()) {
      return order;
    }
    Duration left = wait.minus(elapsed);
    AcquireRequest.Builder request = order.toBuilder();
    if (!wait.isZero()) {
      request.setWaited(WireDurations.toWire(elapsed));
      request.setWait(WireDurations.toWire(left.isNegative() ? Duration.ZERO : left));
    }
    return request.build();
  }

  /** Renews a grant; an answer that came too late to be counted is asked for again. */
  public ClaimResult renew(ClaimId claim, GrantRef grant) throws InterruptedException {
    RenewRequest request = RenewRequest.newBuilder().setGrant(grant).build();
    for (int late = 0; late < MOST_LATE_ANSWERS; late++) {
      TimedAnswer<RenewResponse> reply =
          servers.ask(UnaryCall.of(LockServiceGrpc.getRenewMethod(), request, timeout));
      if (reply.answer().hasLost()) {
        return new ClaimResult.Gone(reply.answer().getLost());
      }
      if (!reply.answer().hasRenewed()) {
        throw unintelligible("Renew");
      }
      if (HeldGrant.isTimely(reply.answer().getRenewed(), reply.took())) {
        return new ClaimResult.Held(
            new HeldGrant(claim, reply.answer().getRenewed(), reply.sentNanos()));
      }
    }
    throw new CallException(
        servers.current(),
        Status.UNAVAILABLE.withDescription("answers came too late for a lease this short"));
  }

  /** Ends a grant; {@code closeFor} keeps the lock closed afterwards. */
  public TimedAnswer<ReleaseResponse> release(GrantRef grant, Duration closeFor)
      throws InterruptedException {
    ReleaseRequest.Builder request =
        ReleaseRequest.newBuilder()
            .setName(grant.getName())
            .setClaimId(grant.getClaimId())
            .setFencingToken(grant.getFencingToken());
    return release(request, closeFor);
  }

  /** Ends whatever a claim has. */
  public TimedAnswer<ReleaseResponse> release(LockName lock, ClaimId claim, Duration closeFor)
      throws InterruptedException {
    return release(
        ReleaseRequest.newBuilder().setName(lock.value()).setClaimId(claim.value()), closeFor);
  }

  /** Ends a grant that is of no use any more, if a server can be reached soon. */
  public void abandon(GrantRef grant) throws InterruptedException {
    ReleaseRequest request =
        ReleaseRequest.newBuilder()
            .setName(grant.getName())
            .setClaimId(grant.getClaimId())
            .setFencingToken(grant.getFencingToken())
            .build();
    try {
      servers.ask(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), request, WITHDRAWAL));
    } catch (CallException e) {
      // Nobody is there to be told: the lease ends by itself.
    }
  }

  private TimedAnswer<ReleaseResponse> release(ReleaseRequest.Builder request, Duration closeFor)
      throws InterruptedException {
    if (!closeFor.isZero()) {
      request.setCloseFor(WireDurations.toWire(closeFor));
    }
    return servers.ask(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), request.build(), timeout));
  }

  private CallException unintelligible(String call) {
    return new CallException(
        servers.current(),
        Status.UNIMPLEMENTED.withDescription(call + " was answered in a way newer than this CLI"));
  }
}
