package dev.fencepost.server.service.unary;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.CheckAccessRequest;
import dev.fencepost.proto.v1.CheckAccessResponse;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ResetMarkResponse;
import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.wire.FieldReader;
import dev.fencepost.server.service.wire.FieldReader.Field;
import dev.fencepost.server.service.wire.RequestReader;
import dev.fencepost.server.service.wire.ResponseMapper;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Serves {@code fencepost.v1.AdminService}. Every act is written to the audit log. */
public final class AdminGrpcService extends AdminServiceGrpc.AdminServiceImplBase {
  private final LockCoordinator coordinator;
  private final RequestReader requests;
  private final CallResponder responder;
  private final HeldGrants grants;
  private final AuditLog auditLog;

  public AdminGrpcService(
      LockCoordinator coordinator,
      ServiceContext context,
      CallResponder responder,
      HeldGrants grants) {
    this.coordinator = coordinator;
    this.requests = new RequestReader(context.policy());
    this.responder = responder;
    this.grants = grants;
    this.auditLog = new AuditLog(context.audit());
  }

  @Override
  public void forceRelease(ForceReleaseRequest request, StreamObserver<ForceReleaseResponse> call) {
    boolean mayInspect = CallAccess.current().allows(AccessOperation.INSPECT, request.getName());
    responder.respond(
        call,
        () -> {
          CallAccess.current().require(AccessOperation.FORCE_RELEASE, request.getName());
          return forceRelease(requests.forceRelease(request));
        },
        revocation -> {
          ForceReleaseResponse response = toWire(revocation);
          return mayInspect ? response : response.toBuilder().clearHolder().build();
        });
  }

  @Override
  public void resetMark(ResetMarkRequest request, StreamObserver<ResetMarkResponse> call) {
    responder.respond(
        call,
        () -> {
          CallAccess.current()
              .require(AccessOperation.RESET, TargetKind.RESOURCE, request.getResource());
          return resetMark(request);
        },
        former ->
            ResetMarkResponse.newBuilder()
                .setFormerMark(ResponseMapper.tokenOrZero(former))
                .build());
  }

  @Override
  public void checkAccess(CheckAccessRequest request, StreamObserver<CheckAccessResponse> call) {
    responder.respond(
        call,
        () -> CompletableFuture.completedFuture(AccessAnswer.of(CallAccess.current(), request)),
        response -> response);
  }

  private CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    AuditEntry act = auditLog.act(AuditKind.FORCE_RELEASE);
    return coordinator
        .forceRelease(command)
        .whenComplete(
            (revocation, failure) -> {
              if (failure == null) {
                auditLog.recordForceRelease(act, command, revocation);
                notifyHolder(command, revocation);
              } else {
                auditLog.recordUnknownForceRelease(act, command);
              }
            });
  }

  private void notifyHolder(ForceReleaseCommand command, Revocation revocation) {
    if (revocation instanceof Revocation.Revoked revoked) {
      GrantLoss loss = new GrantLoss(LossReason.REVOKED, command.reason(), revoked.closing());
      grants.recordRevocation(command.lock(), revoked.former().token(), loss);
    }
  }

  private CompletionStage<Optional<FencingToken>> resetMark(ResetMarkRequest request) {
    AuditEntry act = auditLog.act(AuditKind.MARK_RESET);
    FieldReader fields = new FieldReader();
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
                auditLog.recordMarkReset(act, resource.value(), reason.value(), former);
              } else {
                auditLog.recordUnknownMarkReset(act, resource.value(), reason.value());
              }
            });
  }

  private static ForceReleaseResponse toWire(Revocation revocation) {
    return revocation.fold(
        revoked ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED)
                .setHolder(ResponseMapper.holder(revoked.former()))
                .setFencingToken(ResponseMapper.tokenOrZero(revoked.closing()))
                .build(),
        notHeld ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_NOT_HELD)
                .build(),
        mismatch ->
            ForceReleaseResponse.newBuilder()
                .setOutcome(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_TOKEN_MISMATCH)
                .setHolder(ResponseMapper.holder(mismatch.current()))
                .build());
  }
}
