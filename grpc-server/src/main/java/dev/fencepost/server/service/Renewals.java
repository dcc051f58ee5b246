package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.TimerService;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Renewal;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.BatchRenewResponse;
import dev.fencepost.proto.v1.BatchRenewResult;
import dev.fencepost.server.metrics.LockMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Renews grants, one by one or many in a call; in a batch each succeeds or fails by itself. */
final class Renewals {
  private static final int MAX_BATCH = 500;
  private final LockCoordinator coordinator;
  private final LockMetrics metrics;
  private final TimerService timers;
  private final Answers answers;
  private final HeldGrants held;

  Renewals(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    this.coordinator = coordinator;
    this.metrics = settings.metrics();
    this.timers = settings.timers();
    this.answers = answers;
    this.held = held;
  }

  /** Renews a grant for its keeper. */
  CompletionStage<Renewal> renew(GrantRef grant, HeldGrants.Keeper keeper) {
    return coordinator
        .renew(grant)
        .whenComplete(
            (renewal, failure) -> {
              if (failure == null) {
                metrics.renewed(renewal);
                note(grant, renewal, keeper);
              } else {
                metrics.renewalFailed();
              }
            });
  }

  private void note(GrantRef grant, Renewal renewal, HeldGrants.Keeper keeper) {
    if (renewal instanceof Renewal.Renewed renewed) {
      held.held(renewed.grant(), keeper, timers.nanoTime());
    } else {
      held.ended(grant);
    }
  }

  CompletionStage<BatchRenewResponse> renewAll(BatchRenewRequest request, Requests requests) {
    int count = request.getGrantsCount();
    if (count > MAX_BATCH) {
      throw InvalidValueException.of("grants", count + " grants", "at most " + MAX_BATCH);
    }
    ByteCharge.current().add(request.getSerializedSize() + count * ByteCharge.ofMessage(0));
    HeldGrants.Keeper keeper = HeldGrants.Keeper.caller(Peer.current().client());
    List<CompletableFuture<BatchRenewResult>> results = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String path = "grants[" + i + "].";
      dev.fencepost.proto.v1.GrantRef wire = request.getGrants(i);
      results.add(one(() -> requests.grant(wire, path), keeper).toCompletableFuture());
    }
    return CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> {
              BatchRenewResponse.Builder response = BatchRenewResponse.newBuilder();
              results.forEach(result -> response.addResults(result.join()));
              return response.build();
            });
  }

  private CompletionStage<BatchRenewResult> one(
      Supplier<GrantRef> grant, HeldGrants.Keeper keeper) {
    try {
      return renew(grant.get(), keeper).handle(this::result);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(failed(e));
    }
  }

  private BatchRenewResult result(Renewal renewal, Throwable failure) {
    if (failure != null) {
      return failed(failure);
    }
    return renewal.fold(
        renewed -> BatchRenewResult.newBuilder().setRenewed(ToWire.grant(renewed.grant())).build(),
        lost -> BatchRenewResult.newBuilder().setLost(ToWire.lost(lost.loss())).build());
  }

  private BatchRenewResult failed(Throwable failure) {
    return BatchRenewResult.newBuilder()
        .setFailure(answers.refusals().of(failure).toFailure())
        .build();
  }
}
