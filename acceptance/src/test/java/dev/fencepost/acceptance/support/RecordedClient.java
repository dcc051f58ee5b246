package dev.fencepost.acceptance.support;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.RecordedCall.Result;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A client of one replica, on plain stubs and one connection, whose calls on grants are recorded.
 * Safe for use by many threads.
 */
public final class RecordedClient implements AutoCloseable {

  private static final long SLACK_SECONDS = 15;

  private final ManagedChannel channel;
  private final CallRecorder recorder;

  /** Connects with the first call. */
  public RecordedClient(int port, CallRecorder recorder) {
    this.channel =
        OkHttpChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().directExecutor().build();
    this.recorder = recorder;
  }

  /** A wire duration. */
  public static Duration wire(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  /** Acquires, waiting at most so long. */
  public CompletableFuture<AcquireResponse> acquire(ClaimAttempt claim, java.time.Duration wait) {
    return acquire(claim, wait, java.time.Duration.ZERO);
  }

  /** Acquires for a claim that has waited elsewhere. */
  public CompletableFuture<AcquireResponse> acquire(
      ClaimAttempt claim, java.time.Duration wait, java.time.Duration waited) {
    AcquireRequest request =
        AcquireRequest.newBuilder()
            .setName(claim.lock())
            .setClaimId(claim.id())
            .setTtl(wire(claim.ttl()))
            .setWait(wire(wait))
            .setWaited(wire(waited))
            .setOwner("acceptance")
            .build();
    CallRecorder.Open open = recorder.acquire(claim.lock(), claim.id(), claim.ttl());
    FirstAnswer<AcquireResponse> answer =
        new FirstAnswer<>(
            response -> {
              if (response.hasGranted()) {
                Grant grant = response.getGranted();
                open.granted(grant.getFencingToken(), java(grant.getTtl()));
              } else {
                open.answered(Result.NOT_GRANTED);
              }
            });
    stub(wait).acquire(request, answer);
    return answer.future();
  }

  /** Renews a grant. */
  public CompletableFuture<RenewResponse> renew(ClaimAttempt claim, long token) {
    RenewRequest request =
        RenewRequest.newBuilder()
            .setGrant(
                GrantRef.newBuilder()
                    .setName(claim.lock())
                    .setClaimId(claim.id())
                    .setFencingToken(token))
            .build();
    CallRecorder.Open open = recorder.renew(claim.lock(), claim.id(), token, claim.ttl());
    FirstAnswer<RenewResponse> answer =
        new FirstAnswer<>(
            response -> open.answered(response.hasRenewed() ? Result.RENEWED : Result.LOST));
    stub(java.time.Duration.ZERO).renew(request, answer);
    return answer.future();
  }

  /** Releases a grant. */
  public CompletableFuture<ReleaseResponse> release(ClaimAttempt claim, long token) {
    ReleaseRequest request =
        ReleaseRequest.newBuilder()
            .setName(claim.lock())
            .setClaimId(claim.id())
            .setFencingToken(token)
            .build();
    CallRecorder.Open open = recorder.release(claim.lock(), claim.id(), token);
    FirstAnswer<ReleaseResponse> answer =
        new FirstAnswer<>(
            response ->
                open.answered(
                    response.getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_RELEASED
                        ? Result.RELEASED
                        : Result.NOT_HELD));
    stub(java.time.Duration.ZERO).release(request, answer);
    return answer.future();
  }

  /** Acquires without waiting a lock that must be free; answers the token. */
  public long take(ClaimAttempt claim) {
    AcquireResponse response = acquire(claim, java.time.Duration.ZERO).join();
    if (!response.hasGranted()) {
      throw new AssertionError("not granted: " + response);
    }
    return response.getGranted().getFencingToken();
  }

  /** The state of a lock as this replica tells it. */
  public Lock look(String lock) {
    return locks().getLock(GetLockRequest.newBuilder().setName(lock).build()).getLock();
  }

  /** What the replica says of its health. */
  public ServingStatus health() {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(SLACK_SECONDS, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  /** Calls that are not recorded. */
  public LockServiceGrpc.LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(SLACK_SECONDS, TimeUnit.SECONDS);
  }

  /** The connection. */
  public ManagedChannel channel() {
    return channel;
  }

  /** Breaks off what is under way. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  private LockServiceGrpc.LockServiceStub stub(java.time.Duration wait) {
    return LockServiceGrpc.newStub(channel)
        .withDeadlineAfter(wait.toMillis() + SLACK_SECONDS * 1_000, TimeUnit.MILLISECONDS);
  }

  private static java.time.Duration java(Duration duration) {
    return java.time.Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
  }
}
