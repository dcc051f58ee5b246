package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.support.LockCommand;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A renewal, a release or another change as parameters of the statement {@code change}.
 *
 * @param act R renews, E releases, F releases by force, L leaves the queue
 * @param closeFor in µs
 */
record ChangeParameters(
    LockName lock,
    String act,
    @Nullable String claim,
    @Nullable Long token,
    @Nullable Long closeFor,
    @Nullable String reason) {

  /** Of any other command. */
  static ChangeParameters of(PendingCommand<?> pending) {
    if (pending.step() instanceof LockCommand.RenewGrant renewal) {
      GrantRef grant = renewal.grant();
      return new ChangeParameters(
          grant.lock(), "R", grant.claim().value(), grant.token().value(), null, null);
    }
    if (pending.step() instanceof LockCommand.ReleaseClaim release) {
      ReleaseCommand command = release.command();
      return new ChangeParameters(
          command.lock(),
          "E",
          command.claim().value(),
          command.token().map(FencingToken::value).orElse(null),
          MicrosecondTime.of(command.closeFor()),
          null);
    }
    if (pending.step() instanceof LockCommand.ForceReleaseLock forceRelease) {
      ForceReleaseCommand command = forceRelease.command();
      return new ChangeParameters(
          command.lock(),
          "F",
          null,
          command.ifToken().map(FencingToken::value).orElse(null),
          command.closeFor().map(MicrosecondTime::of).orElse(null),
          command.reason());
    }
    LockName lock = pending.step().lock();
    return new ChangeParameters(lock, "L", null, null, null, null);
  }

  /** True for a release that names its grant and frees the lock at once. */
  boolean isUsualRelease() {
    return act.equals("E") && token != null && Long.valueOf(0).equals(closeFor);
  }

  /** Sets the parameters of all commands, one array for each property. */
  static BoundStatement bindAll(List<ChangeParameters> all, BoundStatement statement) {
    return statement
        .with("names", ArrayParameter.bytes(all.stream().map(p -> p.lock().utf8()).toList()))
        .with("acts", ArrayParameter.texts(all, ChangeParameters::act))
        .with("claims", ArrayParameter.texts(all, ChangeParameters::claim))
        .with("tokens", ArrayParameter.numbers(all, ChangeParameters::token))
        .with("close_fors", ArrayParameter.numbers(all, ChangeParameters::closeFor))
        .with("reasons", ArrayParameter.texts(all, ChangeParameters::reason));
  }
}
