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

/** Acquires, renews and releases locks. A returned lease is counted so that it is safe to use. */
public final class LockCalls {
  /** After this many late answers in a row the server is too slow for the lease. */
  private static final int MAX_LATE_ANSWERS = 5;

  private static final Duration WITHDRAW_TIMEOUT = Duration.ofSeconds(1);

  private final ServerPool servers;
  private final Duration timeout;

  public LockCalls(ServerPool servers, Duration timeout) {
    this.servers = servers;
    this.timeout = timeout;
  }

  /**
   * Acquires a lock like {@link #acquire}, for a caller who cannot repeat the claim. If no answer
   * comes, the claim is withdrawn, provided that a server can be reached.
   */
  public ClaimResult acquireOrWithdraw(AcquireRequest request) throws InterruptedException {
    try {
      return acquire(request);
    } catch (CallException e) {
      if (!e.isUnsent() && e.exitCode() == ExitCode.UNAVAILABLE) {
        withdraw(request);
      }
      throw e;
    }
  }

  /**
   * Acquires a lock. An interrupted wait withdraws the claim.
   *
   * @param request the claim, as the first call sends it
   */
  public ClaimResult acquire(AcquireRequest request) throws InterruptedException {
    try {
      ClaimResult result = requestGrant(request);
      if (Thread.interrupted()) {
        throw new InterruptedException("the answer came too late");
      }
      return result;
    } catch (InterruptedException e) {
      withdraw(request);
      throw e;
    }
  }

  /** Ends a claim with an unknown outcome, queued or granted. If that fails, its lease ends it. */
  private void withdraw(AcquireRequest request) throws InterruptedException {
    ReleaseRequest release =
        ReleaseRequest.newBuilder()
            .setName(request.getName())
            .setClaimId(request.getClaimId())
            .build();
    try {
      servers.call(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), release, WITHDRAW_TIMEOUT));
    } catch (CallException e) {
      // No server can be reached, so the lease ends the grant.
    }
  }

  private ClaimResult requestGrant(AcquireRequest request) throws InterruptedException {
    Duration wait = WireDurations.fromWire(request.getWait());
    TimedAnswer<AcquireResponse> answer =
        servers.call(
            new UnaryCall<>(
                LockServiceGrpc.getAcquireMethod(),
                elapsed -> withElapsed(request, wait, elapsed),
                wait,
                timeout,
                UnaryCall.RetryPolicy.ALWAYS));
    if (answer.message().hasNotGranted()) {
      return new ClaimResult.Refused(answer.message().getNotGranted());
    }
    if (!answer.message().hasGranted()) {
      throw unsupportedAnswer("Acquire");
    }
    HeldGrant held =
        new HeldGrant(
            new ClaimId(request.getClaimId()), answer.message().getGranted(), answer.sentNanos());
    return HeldGrant.isTimely(held.grant(), answer.took())
        ? new ClaimResult.Held(held)
        : renew(held.claim(), held.wireRef());
  }

  private static AcquireRequest withElapsed(
      AcquireRequest request, Duration wait, Duration elapsed) {
    if (elapsed.isZero()) {
      return request;
    }
    Duration left = wait.minus(elapsed);
    AcquireRequest.Builder repeated = request.toBuilder();
    if (!wait.isZero()) {
      repeated.setWaited(WireDurations.toWire(elapsed));
      repeated.setWait(WireDurations.toWire(left.isNegative() ? Duration.ZERO : left));
    }
    return repeated.build();
  }

  /** Renews a grant. If an answer comes too late to count the lease from it, renews again. */
  public ClaimResult renew(ClaimId claim, GrantRef grant) throws InterruptedException {
    RenewRequest request = RenewRequest.newBuilder().setGrant(grant).build();
    for (int late = 0; late < MAX_LATE_ANSWERS; late++) {
      TimedAnswer<RenewResponse> answer =
          servers.call(UnaryCall.of(LockServiceGrpc.getRenewMethod(), request, timeout));
      if (answer.message().hasLost()) {
        return new ClaimResult.GrantLost(answer.message().getLost());
      }
      if (!answer.message().hasRenewed()) {
        throw unsupportedAnswer("Renew");
      }
      if (HeldGrant.isTimely(answer.message().getRenewed(), answer.took())) {
        return new ClaimResult.Held(
            new HeldGrant(claim, answer.message().getRenewed(), answer.sentNanos()));
      }
    }
    throw new CallException(
        servers.current(),
        Status.UNAVAILABLE.withDescription("answers came too late for a lease this short"));
  }

  /** Releases a grant; {@code closeFor} keeps the lock closed afterwards. */
  public TimedAnswer<ReleaseResponse> release(GrantRef grant, Duration closeFor)
      throws InterruptedException {
    ReleaseRequest.Builder request =
        ReleaseRequest.newBuilder()
            .setName(grant.getName())
            .setClaimId(grant.getClaimId())
            .setFencingToken(grant.getFencingToken());
    return release(request, closeFor);
  }

  /** Releases the grant of a claim, or removes the claim from the queue. */
  public TimedAnswer<ReleaseResponse> release(LockName lock, ClaimId claim, Duration closeFor)
      throws InterruptedException {
    return release(
        ReleaseRequest.newBuilder().setName(lock.value()).setClaimId(claim.value()), closeFor);
  }

  /** Releases a grant that is not needed, if a server answers within {@link #WITHDRAW_TIMEOUT}. */
  public void abandon(GrantRef grant) throws InterruptedException {
    ReleaseRequest request =
        ReleaseRequest.newBuilder()
            .setName(grant.getName())
            .setClaimId(grant.getClaimId())
            .setFencingToken(grant.getFencingToken())
            .build();
    try {
      servers.call(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), request, WITHDRAW_TIMEOUT));
    } catch (CallException e) {
      // No server can be reached, so the lease ends the grant.
    }
  }

  private TimedAnswer<ReleaseResponse> release(ReleaseRequest.Builder request, Duration closeFor)
      throws InterruptedException {
    if (!closeFor.isZero()) {
      request.setCloseFor(WireDurations.toWire(closeFor));
    }
    return servers.call(UnaryCall.of(LockServiceGrpc.getReleaseMethod(), request.build(), timeout));
  }

  private CallException unsupportedAnswer(String call) {
    return new CallException(
        servers.current(),
        Status.UNIMPLEMENTED.withDescription(call + " was answered in a way newer than this CLI"));
  }
}
