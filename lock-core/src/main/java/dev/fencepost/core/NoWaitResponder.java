package dev.fencepost.core;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Renewal;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Answers a {@code wait=0} acquire while others are queued: it reads the store instead of trying
 * the lock, so that the caller cannot overtake them.
 */
final class NoWaitResponder {
  private NoWaitResponder() {}

  /** Answers the call. A claim that holds the lock already gets its grant again. */
  static void give(AcquireCall call, QueueContext context) {
    String client = call.order.client();
    long size = WaiterQuotas.sizeOf(call.order.claim().claimant());
    try {
      context.quotas().keep(client, size);
    } catch (OverLimitException e) {
      call.fail(e);
      return;
    }
    look(call, context)
        .whenComplete(
            (answer, error) -> {
              context.quotas().forget(client, size);
              if (answer == null) {
                call.fail(error);
              } else {
                call.complete(answer);
              }
            });
  }

  /** Returns why a claim that does not wait is refused in this state. */
  static Reason reasonFor(LockState state) {
    return state.status().fold(held -> Reason.BUSY, closed -> Reason.CLOSED, free -> Reason.BUSY);
  }

  private static CompletionStage<AcquireAnswer> look(AcquireCall call, QueueContext context) {
    try {
      return context
          .backend()
          .describe(List.of(call.order.claim().lock()))
          .thenCompose(
              states ->
                  answer(call, LockCoordinator.only(call.order.claim().lock(), states), context));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static CompletionStage<AcquireAnswer> answer(
      AcquireCall call, LockState state, QueueContext context) {
    AcquireAnswer refusal =
        new AcquireAnswer.NotGranted(
            reasonFor(state), Optional.of(state), call.waitedAt(context.timers().nanoTime()));
    String ownTag = call.order.claim().id().tag();
    Optional<Holder> itself = state.holder().filter(holder -> holder.claimTag().equals(ownTag));
    if (itself.isEmpty()) {
      return CompletableFuture.completedFuture(refusal);
    }
    GrantRef grant =
        new GrantRef(
            state.lock(),
            call.order.claim().id(),
            itself.orElseThrow().token(),
            call.order.claim().claimant().principal());
    long mark = call.order.marks().getAsLong();
    return MakerSteps.renew(context.backend(), grant, call.order.makers(), MakerSteps.MAX_REPEATS)
        .thenApply(
            renewal ->
                renewal instanceof Renewal.Renewed renewed
                    ? new AcquireAnswer.Granted(renewed.grant(), mark)
                    : refusal);
  }
}
