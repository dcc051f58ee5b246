package dev.fencepost.cli;

import dev.fencepost.proto.v1.AdvanceOutcome;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.GetTokenResponse;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The fencing service with marks in memory. */
final class FakeFencingService extends FencingServiceGrpc.FencingServiceImplBase {
  final Map<String, Long> marks = new ConcurrentHashMap<>();

  private final FakeLockService locks;

  FakeFencingService(FakeLockService locks) {
    this.locks = locks;
  }

  @Override
  public void getToken(GetTokenRequest request, StreamObserver<GetTokenResponse> observer) {
    GetTokenResponse.Builder answer = GetTokenResponse.newBuilder();
    locks
        .holder(request.getName())
        .ifPresent(
            held -> answer.setLastToken(held.token()).setHolder(FakeLockService.describe(held)));
    observer.onNext(answer.build());
    observer.onCompleted();
  }

  @Override
  public void validateToken(
      ValidateTokenRequest request, StreamObserver<ValidateTokenResponse> observer) {
    boolean isCurrent =
        locks
            .holder(request.getName())
            .filter(h -> h.token() == request.getFencingToken())
            .isPresent();
    observer.onNext(
        ValidateTokenResponse.newBuilder()
            .setStatus(
                isCurrent ? TokenStatus.TOKEN_STATUS_CURRENT : TokenStatus.TOKEN_STATUS_STALE)
            .build());
    observer.onCompleted();
  }

  @Override
  public void advanceToken(
      AdvanceTokenRequest request, StreamObserver<AdvanceTokenResponse> observer) {
    long token = request.getFencingToken();
    long before = marks.getOrDefault(request.getResource(), 0L);
    long mark = marks.merge(request.getResource(), token, Math::max);
    AdvanceOutcome outcome =
        token < before
            ? AdvanceOutcome.ADVANCE_OUTCOME_STALE
            : token == before
                ? AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED
                : AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED;
    observer.onNext(AdvanceTokenResponse.newBuilder().setOutcome(outcome).setMark(mark).build());
    observer.onCompleted();
  }
}
