package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ResetMarkResponse;
import dev.fencepost.server.service.Fields.Field;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** {@code fencepost.v1.AdminService} over a coordinator; every act is audited. */
final class AdminGrpc extends AdminServiceGrpc.AdminServiceImplBase {
  private final LockCoordinator coordinator;
  private final Requests requests;
  private final Answers answers;
  private final HeldGrants held;
  private final Audit audit = new Audit();

  AdminGrpc(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    this.coordinator = coordinator;
    this.requests = new Requests(settings.policy());
    this.answers = answers;
    this.held = held;
  }

  @Override
  public void forceRelease(ForceReleaseRequest request, StreamObserver<ForceReleaseResponse> call) {
    answers.answer(call, () -> forceRelease(requests.forceRelease(request)), AdminGrpc::toWire);
  }

  @Override
  public void resetMark(ResetMarkRequest request, StreamObserver<ResetMarkResponse> call) {
    answers.answer(
        call,
        () -> resetMark(request),
        former -> ResetMarkResponse.newBuilder().setFormerMark(ToWire.tokenOrZero(former)).build());
  }

  private CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    Peer peer = Peer.current();
    return coordinator
        .forceRelease(order)
        .whenComplete(
            (revocation, failure) -> {
              if (failure == null) {
                audit.forcedRelease(peer, order, revocation);
                tellHolder(order, revocation);
              } else {
                audit.forcedReleaseUnknown(peer, order);
              }
            });
  }

  private void tellHolder(ForceReleaseCommand order, Revocation revocation) {
    if (revocation instanceof Revocation.Revoked revoked) {
      GrantLoss loss = new GrantLoss(LossReason.REVOKED, order.reason(), revoked.closing());
      held.revoked(order.lock(), revoked.former().token(), loss);
    }
  }

  private CompletionStage<Optional<FencingToken>> resetMark(ResetMarkRequest request) {
    Peer peer = Peer.current();
    Fields fields = new Fields();
    Field<ResourceName> resource =
        fields.read("resource", () -> new ResourceName(request.getResource()));
    Field<String> reason =
        fields.read("reason", () -> ForceReleaseCommand.requireReason(request.getReason()));
    fields.requireValid();
    return coordinator
        .resetMark(resource.value())
        .whenComplete(
            (former, failure) -> {
              if (failure == null) {
                audit.resetMark(peer, resource.value(), reason.value(), former);
              } else {
                audit.resetMarkUnknown(peer, resource.value(), reason.value());
              }
            });
  }

  private static ForceReleaseResponse toWire(Revocation revocation) {
    return revocation.fold(
        revoked ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED)
                .setHolder(ToWire.holder(revoked.former()))
                .setFencingToken(ToWire.tokenOrZero(revoked.closing()))
                .build(),
        notHeld ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_NOT_HELD)
                .build(),
        mismatch ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_TOKEN_MISMATCH)
                .setHolder(ToWire.holder(mismatch.current()))
                .build());
  }
}
