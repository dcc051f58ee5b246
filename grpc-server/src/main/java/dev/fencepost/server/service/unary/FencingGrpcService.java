package dev.fencepost.server.service.unary;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.proto.v1.AdvanceOutcome;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.GetTokenResponse;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.security.TargetKind;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.wire.FieldReader;
import dev.fencepost.server.service.wire.FieldReader.Field;
import dev.fencepost.server.service.wire.ResponseMapper;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Serves {@code fencepost.v1.FencingService}. */
public final class FencingGrpcService extends FencingServiceGrpc.FencingServiceImplBase {
  private final LockCoordinator coordinator;
  private final CallResponder responder;

  public FencingGrpcService(LockCoordinator coordinator, CallResponder responder) {
    this.coordinator = coordinator;
    this.responder = responder;
  }

  @Override
  public void getToken(GetTokenRequest request, StreamObserver<GetTokenResponse> call) {
    responder.respond(
        call,
        () -> {
          CallAccess.current().require(AccessOperation.INSPECT, request.getName());
          return coordinator.describe(new LockName(request.getName()));
        },
        FencingGrpcService::tokenResponse);
  }

  @Override
  public void validateToken(
      ValidateTokenRequest request, StreamObserver<ValidateTokenResponse> call) {
    responder.respond(call, () -> validate(request), response -> response);
  }

  @Override
  public void advanceToken(AdvanceTokenRequest request, StreamObserver<AdvanceTokenResponse> call) {
    responder.respond(call, () -> advance(request), FencingGrpcService::advanceResponse);
  }

  private static GetTokenResponse tokenResponse(LockState state) {
    GetTokenResponse.Builder response = GetTokenResponse.newBuilder();
    state.holder().ifPresent(holder -> response.setHolder(ResponseMapper.holder(holder)));
    Optional<FencingToken> token = state.holder().map(Holder::token).or(state::lastToken);
    return response.setLastToken(ResponseMapper.tokenOrZero(token)).build();
  }

  private CompletionStage<ValidateTokenResponse> validate(ValidateTokenRequest request) {
    CallAccess.current().require(AccessOperation.FENCE, request.getName());
    FieldReader fields = new FieldReader();
    Field<LockName> name = fields.read("name", () -> new LockName(request.getName()));
    Field<FencingToken> token =
        fields.read("fencing_token", () -> new FencingToken(request.getFencingToken()));
    fields.requireValid();
    return coordinator
        .describe(name.value())
        .thenApply(
            state ->
                ValidateTokenResponse.newBuilder()
                    .setStatus(status(state, token.value()))
                    .setLastToken(ResponseMapper.tokenOrZero(state.lastToken()))
                    .build());
  }

  private static TokenStatus status(LockState state, FencingToken token) {
    if (state.holder().map(Holder::token).filter(token::equals).isPresent()) {
      return TokenStatus.TOKEN_STATUS_CURRENT;
    }
    long highest =
        Math.max(state.presentToken(), state.lastToken().map(FencingToken::value).orElse(0L));
    return token.value() <= highest
        ? TokenStatus.TOKEN_STATUS_STALE
        : TokenStatus.TOKEN_STATUS_UNKNOWN;
  }

  private CompletionStage<FenceAdvance> advance(AdvanceTokenRequest request) {
    CallAccess.current().require(AccessOperation.FENCE, TargetKind.RESOURCE, request.getResource());
    FieldReader fields = new FieldReader();
    Field<ResourceName> resource =
        fields.read("resource", () -> new ResourceName(request.getResource()));
    Field<FencingToken> token =
        fields.read("fencing_token", () -> new FencingToken(request.getFencingToken()));
    fields.requireValid();
    return coordinator
        .advance(resource.value(), token.value())
        .thenApply(result -> requireNotTooFarAhead(result, token.value()));
  }

  private static FenceAdvance requireNotTooFarAhead(FenceAdvance result, FencingToken token) {
    if (result instanceof FenceAdvance.TooFarAhead far) {
      throw InvalidValueException.of(
          "fencing_token",
          token.value(),
          "at most " + far.highest() + ", a day ahead of the store's clock");
    }
    return result;
  }

  private static AdvanceTokenResponse advanceResponse(FenceAdvance result) {
    return result.fold(
        advanced -> response(AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED, advanced.mark()),
        unchanged -> response(AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED, unchanged.mark()),
        stale -> response(AdvanceOutcome.ADVANCE_OUTCOME_STALE, stale.mark()),
        tooFarAhead -> {
          throw new IllegalStateException("such a token is refused before");
        });
  }

  private static AdvanceTokenResponse response(AdvanceOutcome outcome, FencingToken mark) {
    return AdvanceTokenResponse.newBuilder().setOutcome(outcome).setMark(mark.value()).build();
  }
}
