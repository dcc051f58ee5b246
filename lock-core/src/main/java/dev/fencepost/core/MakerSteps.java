package dev.fencepost.core;

import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.LockStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Renews and releases grants for their makers. A command that met another principal on record is
 * sent again if the caller may act for it, and then names exactly that principal: so the judgement
 * holds for the grant that the store changes. Thread-safe.
 */
final class MakerSteps {
  /** Most repetitions of one command. */
  static final int MAX_REPEATS = 2;

  private MakerSteps() {}

  /** Renews a grant. Fails with {@link OtherPrincipalException} if the caller may not. */
  static CompletionStage<Renewal> renew(
      LockStore store, GrantRef grant, MakerCheck makers, int repeats) {
    return run(
        new NamedStep<>(
            grant.lock(),
            makers,
            principal -> store.renew(grant.madeBy(principal)),
            renewal ->
                renewal instanceof Renewal.ForeignGrant foreign
                    ? Optional.of(foreign.maker())
                    : Optional.empty()),
        grant.principal(),
        repeats);
  }

  /** Ends a claim. Fails with {@link OtherPrincipalException} if the caller may not. */
  static CompletionStage<Release> release(
      LockStore store, ReleaseCommand command, MakerCheck makers) {
    return run(
        new NamedStep<>(
            command.lock(),
            makers,
            principal -> store.release(command.madeBy(principal)),
            release ->
                release instanceof Release.ForeignRelease foreign
                    ? Optional.of(foreign.maker())
                    : Optional.empty()),
        command.principal(),
        MAX_REPEATS);
  }

  /** A command that names a principal, and how to find another one in its answer. */
  private record NamedStep<T>(
      LockName lock,
      MakerCheck makers,
      Function<String, CompletionStage<T>> send,
      Function<T, Optional<OtherPrincipal>> other) {}

  private static <T> CompletionStage<T> run(NamedStep<T> step, String principal, int repeats) {
    return step.send()
        .apply(principal)
        .thenCompose(
            answer ->
                step.other()
                    .apply(answer)
                    .map(maker -> repeat(step, maker.recorded(), repeats))
                    .orElseGet(() -> CompletableFuture.completedFuture(answer)));
  }

  private static <T> CompletionStage<T> repeat(NamedStep<T> step, String recorded, int repeats) {
    return repeats > 0 && step.makers().mayActFor(recorded)
        ? run(step, recorded, repeats - 1)
        : CompletableFuture.failedFuture(new OtherPrincipalException(step.lock()));
  }
}
