package dev.fencepost.server.service;

import dev.fencepost.core.Coordinator;
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

/** Renews grants, one by one or many in a call; in a batch each succeeds or fails by itself. */
final class Renewals {
  private static final int MAX_BATCH = 500;
  private final Coordinator coordinator;
  private final LockMetrics metrics;
  private final Answers answers;

  Renewals(Coordinator coordinator, LockMetrics metrics, Answers answers) {
    this.coordinator = coordinator;
    this.metrics = metrics;
    this.answers = answers;
  }

  CompletionStage<Renewal> renew(GrantRef grant) {
    return coordinator
        .renew(grant)
        .whenComplete(
            (renewal, failure) -> {
              if (failure == null) {
                metrics.renewed(renewal);
              } else {
                metrics.renewalFailed();
              }
            });
  }

  CompletionStage<BatchRenewResponse> renewAll(BatchRenewRequest request, Requests requests) {
    int count = request.getGrantsCount();
    if (count > MAX_BATCH) {
      throw InvalidValueException.of("grants", count + " grants", "at most " + MAX_BATCH);
    }
    List<CompletableFuture<BatchRenewResult>> results = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String path = "grants[" + i + "].";
      dev.fencepost.proto.v1.GrantRef wire = request.getGrants(i);
      results.add(one(wire, path, requests).toCompletableFuture());
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
      dev.fencepost.proto.v1.GrantRef wire, String path, Requests requests) {
    try {
      return renew(requests.grant(wire, path)).handle(this::result);
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
