package dev.fencepost.server.service.grant;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.MakerCheck;
import dev.fencepost.core.TimerService;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.BatchRenewResponse;
import dev.fencepost.proto.v1.BatchRenewResult;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.wire.RequestReader;
import dev.fencepost.server.service.wire.ResponseMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Renews one grant or a batch of grants. In a batch each grant succeeds or fails on its own. */
public final class RenewHandler {
  private static final int MAX_BATCH = 500;
  private final LockCoordinator coordinator;
  private final LockMetrics metrics;
  private final TimerService timers;
  private final StatusMapper statuses;
  private final HeldGrants grants;
  private final GrantAccess allowedGrants;
  private final GrantAudit audit;
  private final HolderTurns turns = new HolderTurns();

  public RenewHandler(
      LockCoordinator coordinator,
      ServiceContext context,
      StatusMapper statuses,
      HeldGrants grants) {
    this.coordinator = coordinator;
    this.metrics = context.metrics();
    this.timers = context.timers();
    this.statuses = statuses;
    this.grants = grants;
    this.audit = new GrantAudit(context.audit());
    this.allowedGrants = new GrantAccess(context.policy().maxTtl());
  }

  /**
   * Renews a grant for its client.
   *
   * @throws dev.fencepost.server.service.access.AccessRefusedException if the caller may not renew
   *     grants of the lock
   */
  public CompletionStage<Renewal> renew(CallAccess access, GrantRef grant, GrantClient client) {
    allowedGrants.requireRenew(access, grant.lock());
    MakerCheck makers = allowedGrants.makers(access, grant.lock());
    // Names a former name of the maker at once, so that each renewal stays one command.
    GrantRef named =
        grants
            .makerOf(grant.lock(), grant.claim())
            .filter(maker -> !maker.equals(grant.principal()) && makers.mayActFor(maker))
            .map(grant::madeBy)
            .orElse(grant);
    return turns
        .start(client.client(), grant.lock(), () -> coordinator.renew(named, makers))
        .whenComplete(
            (renewal, failure) -> {
              if (failure == null) {
                metrics.recordRenewal(renewal);
                audit.recordRenewal(access, client.client(), named, renewal);
                // By the caller's own name: a loss that an operator hears of is still notified.
                updateGrants(access, grant, renewal, client);
              } else {
                metrics.recordRenewalFailure();
                allowedGrants.recordFailure(access, grant.lock(), failure);
              }
            });
  }

  private void updateGrants(
      CallAccess access, GrantRef grant, Renewal renewal, GrantClient client) {
    if (!(renewal instanceof Renewal.Renewed renewed)) {
      grants.forget(ReleaseCommand.of(grant), access::isMaker);
    } else if (access.isMaker(renewed.grant().ref().principal())) {
      grants.record(renewed.grant(), client, timers.nanoTime());
    } else {
      grants.extend(renewed.grant(), timers.nanoTime());
    }
  }

  public CompletionStage<BatchRenewResponse> renewAll(
      BatchRenewRequest request, RequestReader requests) {
    int count = request.getGrantsCount();
    if (count > MAX_BATCH) {
      throw InvalidValueException.of("grants", count + " grants", "at most " + MAX_BATCH);
    }
    ByteCharge.current().add(request.getSerializedSize() + count * ByteCharge.ofMessage(0));
    CallAccess access = CallAccess.current();
    String principal = access.principal();
    GrantClient client = GrantClient.ofUnaryCall(CallerIdentity.current().client());
    List<CompletableFuture<BatchRenewResult>> results = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String path = "grants[" + i + "].";
      dev.fencepost.proto.v1.GrantRef wire = request.getGrants(i);
      results.add(
          renewOne(() -> renew(access, requests.grant(wire, path, principal), client))
              .toCompletableFuture());
    }
    return CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> {
              BatchRenewResponse.Builder response = BatchRenewResponse.newBuilder();
              results.forEach(result -> response.addResults(result.join()));
              return response.build();
            });
  }

  private CompletionStage<BatchRenewResult> renewOne(Supplier<CompletionStage<Renewal>> renewal) {
    try {
      return renewal.get().handle(this::result);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(failed(e));
    }
  }

  private BatchRenewResult result(Renewal renewal, Throwable failure) {
    if (failure != null) {
      return failed(failure);
    }
    return renewal.fold(
        renewed ->
            BatchRenewResult.newBuilder().setRenewed(ResponseMapper.grant(renewed.grant())).build(),
        lost -> BatchRenewResult.newBuilder().setLost(ResponseMapper.lost(lost.loss())).build(),
        foreign -> {
          throw ResponseMapper.unjudged(foreign);
        });
  }

  private BatchRenewResult failed(Throwable failure) {
    return BatchRenewResult.newBuilder().setFailure(statuses.of(failure).toFailure()).build();
  }
}
