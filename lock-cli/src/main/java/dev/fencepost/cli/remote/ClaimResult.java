package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import java.util.function.Function;

/** What became of a claim, or of a grant that was to be renewed. */
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

  /** The claim was not granted and stands in no line. */
  record Refused(NotGranted why) implements ClaimResult {
    @Override
    public <T> T fold(
        Function<? super HeldGrant, ? extends T> held,
        Function<? super NotGranted, ? extends T> refused,
        Function<? super Lost, ? extends T> lost) {
      return refused.apply(why);
    }
  }

  /** The grant is gone for good. */
  record Gone(Lost why) implements ClaimResult {
    @Override
    public <T> T fold(
        Function<? super HeldGrant, ? extends T> held,
        Function<? super NotGranted, ? extends T> refused,
        Function<? super Lost, ? extends T> lost) {
      return lost.apply(why);
    }
  }
}
