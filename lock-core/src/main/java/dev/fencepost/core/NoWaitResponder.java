package dev.fencepost.core;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockState;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The answer to a caller that does not want to wait behind those who do: a look at the store
 * instead of an attempt, so that it overtakes nobody.
 */
final class NoWaitResponder {
  private NoWaitResponder() {}

  /** Answers the call; a claim that holds the lock already gets its grant again. */
  static void give(AcquireCall call, QueueContext around) {
    String client = call.order.client();
    long size = WaiterQuotas.sizeOf(call.order.claim().claimant());
    try {
      around.quotas().keep(client, size);
    } catch (OverLimitException e) {
      call.fail(e);
      return;
    }
    look(call, around)
        .whenComplete(
            (answer, error) -> {
              around.quotas().forget(client, size);
              if (answer == null) {
                call.fail(error);
              } else {
                call.complete(answer);
              }
            });
  }

  /** Why a claim that does not wait is refused a lock in this state. */
  static Reason reasonFor(LockState state) {
    return state.status().fold(held -> Reason.BUSY, closed -> Reason.CLOSED, free -> Reason.BUSY);
  }

  private static CompletionStage<AcquireAnswer> look(AcquireCall call, QueueContext around) {
    try {
      return around
          .backend()
          .describe(List.of(call.order.claim().lock()))
          .thenCompose(
              states ->
                  answer(call, LockCoordinator.only(call.order.claim().lock(), states), around));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static CompletionStage<AcquireAnswer> answer(
      AcquireCall call, LockState state, QueueContext around) {
    AcquireAnswer refusal =
        new AcquireAnswer.NotGranted(
            reasonFor(state), Optional.of(state), call.waitedAt(around.timers().nanoTime()));
    String ownTag = call.order.claim().id().tag();
    Optional<Holder> itself = state.holder().filter(holder -> holder.claimTag().equals(ownTag));
    if (itself.isEmpty()) {
      return CompletableFuture.completedFuture(refusal);
    }
    GrantRef grant =
        new GrantRef(state.lock(), call.order.claim().id(), itself.orElseThrow().token());
    long mark = call.order.marks().getAsLong();
    return around
        .backend()
        .renew(grant)
        .thenApply(
            renewal ->
                renewal.fold(
                    renewed -> new AcquireAnswer.Granted(renewed.grant(), mark), lost -> refusal));
  }
}
