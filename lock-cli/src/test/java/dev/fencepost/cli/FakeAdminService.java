package dev.fencepost.cli;

import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ResetMarkResponse;
import io.grpc.stub.StreamObserver;
import java.util.Optional;

/** The admin service on the locks and marks in memory. */
final class FakeAdminService extends AdminServiceGrpc.AdminServiceImplBase {
  private final FakeLockService locks;
  private final FakeFencingService fences;

  FakeAdminService(FakeLockService locks, FakeFencingService fences) {
    this.locks = locks;
    this.fences = fences;
  }

  @Override
  public void forceRelease(
      ForceReleaseRequest request, StreamObserver<ForceReleaseResponse> observer) {
    Optional<FakeLockService.Held> held = locks.holder(request.getName());
    boolean isOther =
        request.hasFencingToken()
            && held.filter(one -> one.token() != request.getFencingToken()).isPresent();
    ForceReleaseResponse.Builder answer = ForceReleaseResponse.newBuilder();
    held.ifPresent(one -> answer.setHolder(FakeLockService.describe(one)));
    if (isOther) {
      answer.setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_TOKEN_MISMATCH);
    } else if (held.isEmpty()) {
      answer.setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_NOT_HELD);
    } else {
      locks.revoke(request.getName(), LossReason.LOSS_REASON_REVOKED);
      answer
          .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED)
          .setFencingToken(locks.nextToken());
    }
    observer.onNext(answer.build());
    observer.onCompleted();
  }

  @Override
  public void resetMark(ResetMarkRequest request, StreamObserver<ResetMarkResponse> observer) {
    Long former = fences.marks.remove(request.getResource());
    observer.onNext(
        ResetMarkResponse.newBuilder().setFormerMark(former == null ? 0 : former).build());
    observer.onCompleted();
  }
}
