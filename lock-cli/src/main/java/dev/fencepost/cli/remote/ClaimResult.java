package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import java.util.function.Function;

/** The result of a claim or of a renewal. */
public sealed interface ClaimResult {
  /** Handles each case. */
  <T> T fold(
      Function<? super HeldGrant, ? extends T> held,
      Function<? super NotGranted, ? extends T> refused,
      Function<? super Lost, ? extends T> lost);

  /** The lock is held. */
  record Held(HeldGrant grant) implements ClaimResult {
    @Override
    public <T> T fold(
        Function<? super HeldGrant, ? extends T> held,
        Function<? super NotGranted, ? extends T> refused,
        Function<? super Lost, ? extends T> lost) {
      return held.apply(grant);
    }
  }

  /** The claim was not granted and is not queued. */
  record Refused(NotGranted refusal) implements ClaimResult {
    @Override
    public <T> T fold(
        Function<? super HeldGrant, ? extends T> held,
        Function<? super NotGranted, ? extends T> refused,
        Function<? super Lost, ? extends T> lost) {
      return refused.apply(refusal);
    }
  }

  /** The grant has ended and cannot be renewed. */
  record GrantLost(Lost loss) implements ClaimResult {
    @Override
    public <T> T fold(
        Function<? super HeldGrant, ? extends T> held,
        Function<? super NotGranted, ? extends T> refused,
        Function<? super Lost, ? extends T> lost) {
      return lost.apply(loss);
    }
  }
}
