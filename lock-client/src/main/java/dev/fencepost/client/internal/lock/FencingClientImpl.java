package dev.fencepost.client.internal.lock;

import dev.fencepost.client.FencingClient;
import dev.fencepost.client.LockToken;
import dev.fencepost.client.TokenStatus;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.GetTokenResponse;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.ValidateTokenResponse;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The fencing calls of one client. */
final class FencingClientImpl implements FencingClient {
  private final ClientContext context;

  FencingClientImpl(ClientContext context) {
    this.context = context;
  }

  @Override
  public CompletableFuture<LockToken> token(String lock) {
    GetTokenRequest request =
        GetTokenRequest.newBuilder().setName(new LockName(lock).value()).build();
    return RetriedCall.start(context, lock, FencingServiceGrpc.getGetTokenMethod(), request)
        .thenApply(FencingClientImpl::lockToken);
  }

  @Override
  public CompletableFuture<TokenStatus> validate(String lock, FencingToken token) {
    ValidateTokenRequest request =
        ValidateTokenRequest.newBuilder()
            .setName(new LockName(lock).value())
            .setFencingToken(token.value())
            .build();
    return RetriedCall.start(context, lock, FencingServiceGrpc.getValidateTokenMethod(), request)
        .thenApply(FencingClientImpl::status);
  }

  @Override
  public CompletableFuture<FenceAdvance> advance(String resource, FencingToken token) {
    AdvanceTokenRequest request =
        AdvanceTokenRequest.newBuilder()
            .setResource(new ResourceName(resource).value())
            .setFencingToken(token.value())
            .build();
    return RetriedCall.start(context, resource, FencingServiceGrpc.getAdvanceTokenMethod(), request)
        .thenApply(FencingClientImpl::advance);
  }

  private static LockToken lockToken(GetTokenResponse response) {
    return new LockToken(
        ProtoConverter.token(response.getLastToken()),
        response.hasHolder()
            ? Optional.of(ProtoConverter.holder(response.getHolder()))
            : Optional.empty());
  }

  /** An unknown status is not a permission. */
  private static TokenStatus status(ValidateTokenResponse response) {
    return switch (response.getStatus()) {
      case TOKEN_STATUS_CURRENT -> TokenStatus.CURRENT;
      case TOKEN_STATUS_UNKNOWN -> TokenStatus.UNKNOWN;
      case TOKEN_STATUS_STALE, TOKEN_STATUS_UNSPECIFIED, UNRECOGNIZED -> TokenStatus.STALE;
    };
  }

  private static FenceAdvance advance(AdvanceTokenResponse response) {
    FencingToken mark = new FencingToken(Math.max(1, response.getMark()));
    return switch (response.getOutcome()) {
      case ADVANCE_OUTCOME_ADVANCED -> new FenceAdvance.Advanced(mark);
      case ADVANCE_OUTCOME_UNCHANGED -> new FenceAdvance.Unchanged(mark);
      case ADVANCE_OUTCOME_STALE, ADVANCE_OUTCOME_UNSPECIFIED, UNRECOGNIZED ->
          new FenceAdvance.Stale(mark);
    };
  }
}
