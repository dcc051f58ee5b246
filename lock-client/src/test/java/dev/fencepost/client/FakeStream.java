package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionResponse;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One session as a scripted server sees it. It sends the welcome by itself unless the server is
 * mute.
 */
public final class FakeStream implements StreamObserver<SessionRequest> {
  private final FakeReplica replica;
  private final StreamObserver<SessionResponse> responses;

  /** All messages, including the greeting. */
  final List<SessionRequest> messages = new ArrayList<>();

  /** Operations that the test has not taken yet. */
  private final List<Operation> newOperations = new ArrayList<>();

  public boolean saidGoodbye;

  /** Does not answer the goodbye. */
  public boolean ignoresGoodbye;

  boolean isOver;
  private long token = 1_000;

  FakeStream(FakeReplica replica, StreamObserver<SessionResponse> responses) {
    this.replica = replica;
    this.responses = responses;
  }

  @Override
  public void onNext(SessionRequest message) {
    messages.add(message);
    message.getOperationsList().forEach(this::receive);
    saidGoodbye |= message.hasGoodbye();
    if (messages.size() == 1 && !replica.isMute) {
      welcome();
    }
  }

  /** Receives an operation. An empty one is a liveness probe. */
  private void receive(Operation operation) {
    if (operation.getOperationCase() != Operation.OperationCase.OPERATION_NOT_SET) {
      newOperations.add(operation);
    } else if (!replica.ignoresProbes) {
      fail(operation, Code.UNIMPLEMENTED, "UNKNOWN_OPERATION", Optional.empty());
    }
  }

  @Override
  public void onError(Throwable failure) {
    isOver = true;
  }

  @Override
  public void onCompleted() {
    isOver = true;
    if (!ignoresGoodbye) {
      responses.onCompleted();
    }
  }

  void welcome() {
    responses.onNext(SessionResponse.newBuilder().setWelcome(replica.welcome()).build());
  }

  /** Returns the next operation, which must have arrived. */
  public Operation next() {
    assertThat(newOperations).as("operations that came").isNotEmpty();
    return newOperations.remove(0);
  }

  /** Returns the next acquire, which must have arrived. */
  AcquireRequest nextAcquire(Operation[] operation) {
    operation[0] = next();
    return operation[0].getAcquire();
  }

  int newOperations() {
    return newOperations.size();
  }

  /** The send stamp of the last message. */
  long mark() {
    return messages.get(messages.size() - 1).getMark();
  }

  Grant grant(Operation acquire, Duration ttl) {
    return Grant.newBuilder()
        .setName(acquire.getAcquire().getName())
        .setFencingToken(++token)
        .setTtl(ProtoConverter.toProto(ttl))
        .setValidFor(ProtoConverter.toProto(ttl.multipliedBy(9).dividedBy(10)))
        .setRenewAfter(ProtoConverter.toProto(ttl.dividedBy(3)))
        .build();
  }

  /** Grants the claim with a lease that counts from the send stamp; returns the grant. */
  Grant grant(Operation acquire, Duration ttl, long mark) {
    Grant grant = grant(acquire, ttl);
    send(
        Result.newBuilder()
            .setId(acquire.getId())
            .setAcquire(AcquireResponse.newBuilder().setGranted(grant))
            .setCountsFromMark(mark));
    return grant;
  }

  void refuse(Operation acquire, NotGrantedReason reason) {
    send(
        Result.newBuilder()
            .setId(acquire.getId())
            .setAcquire(
                AcquireResponse.newBuilder()
                    .setNotGranted(NotGranted.newBuilder().setReason(reason))));
  }

  void renew(Operation renew, Duration ttl, long mark) {
    Grant grant =
        grant(renew, ttl).toBuilder()
            .setName(renew.getRenew().getGrant().getName())
            .setFencingToken(renew.getRenew().getGrant().getFencingToken())
            .build();
    send(
        Result.newBuilder()
            .setId(renew.getId())
            .setRenew(RenewResponse.newBuilder().setRenewed(grant))
            .setCountsFromMark(mark));
  }

  void lose(Operation renew, LossReason reason) {
    Lost lost = Lost.newBuilder().setReason(reason).setLastToken(9_999).build();
    send(
        Result.newBuilder()
            .setId(renew.getId())
            .setRenew(RenewResponse.newBuilder().setLost(lost)));
  }

  void release(Operation release, ReleaseOutcome outcome, LossReason reason) {
    send(
        Result.newBuilder()
            .setId(release.getId())
            .setRelease(ReleaseResponse.newBuilder().setOutcome(outcome).setLossReason(reason)));
  }

  public void release(Operation release) {
    release(release, ReleaseOutcome.RELEASE_OUTCOME_RELEASED, LossReason.LOSS_REASON_UNSPECIFIED);
  }

  void fail(Operation operation, Code code, String reason, Optional<Duration> retryAfter) {
    Failure.Builder failure =
        Failure.newBuilder().setCode(code.value()).setReason(reason).setMessage(reason + ": x");
    retryAfter.ifPresent(after -> failure.setRetryAfter(ProtoConverter.toProto(after)));
    send(Result.newBuilder().setId(operation.getId()).setFailure(failure));
  }

  void drain(Operation operation) {
    fail(operation, Code.UNAVAILABLE, "DRAINING", Optional.of(Duration.ZERO));
  }

  void send(Result.Builder result) {
    responses.onNext(SessionResponse.newBuilder().addResults(result).build());
  }

  void sendNotice(Notice.Builder notice) {
    responses.onNext(SessionResponse.newBuilder().addNotices(notice).build());
  }

  void sendHeartbeat() {
    responses.onNext(SessionResponse.getDefaultInstance());
  }

  /** Breaks the stream. */
  void breakStream() {
    isOver = true;
    responses.onError(Status.UNAVAILABLE.withDescription("cut").asRuntimeException());
  }
}
