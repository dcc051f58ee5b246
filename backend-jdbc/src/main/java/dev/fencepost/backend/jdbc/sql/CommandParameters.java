package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.LockCommand.ForceReleaseLock;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import dev.fencepost.lock.spi.support.LockCommand.LeaveQueue;
import dev.fencepost.lock.spi.support.LockCommand.ReleaseClaim;
import dev.fencepost.lock.spi.support.LockCommand.RenewGrant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The commands of a batch as parameters of a statement, one array for each property. */
final class CommandParameters {
  private CommandParameters() {}

  /**
   * An attempt or a hand-over.
   *
   * @param from the grant that a hand-over ends
   */
  private record AttemptRow(Optional<GrantRef> from, Claim to, QueueIntent intent) {
    static AttemptRow of(LockCommand<?> command) {
      if (command instanceof HandOverGrant handOver) {
        return new AttemptRow(Optional.of(handOver.from()), handOver.to(), handOver.intent());
      }
      AcquireClaim acquire = (AcquireClaim) command;
      return new AttemptRow(Optional.empty(), acquire.claim(), acquire.intent());
    }
  }

  /**
   * A change of an existing record.
   *
   * @param act R renews, E releases, F releases by force, L leaves the queue
   * @param maker the principal of the claim, as in a row
   * @param closeFor in µs
   */
  private record ChangeRow(
      LockName lock,
      String act,
      @Nullable String claim,
      @Nullable String maker,
      @Nullable Long token,
      @Nullable Long closeFor,
      @Nullable String reason) {}

  /** Sets the parameters of the statement {@code acquire}. */
  static BoundStatement bindAttempts(List<LockCommand<?>> commands, BoundStatement statement) {
    List<AttemptRow> all = commands.stream().map(AttemptRow::of).toList();
    return statement
        .with("names", ArrayParameter.bytes(all, row -> row.to().lock().utf8()))
        .with("claims", ArrayParameter.texts(all, row -> row.to().id().value()))
        .with(
            "owners",
            ArrayParameter.texts(all, row -> JdbcRecordCodec.escaped(row.to().claimant().owner())))
        .with(
            "principals",
            ArrayParameter.texts(
                all, row -> JdbcRecordCodec.escaped(row.to().claimant().principal())))
        .with("modes", ArrayParameter.texts(all, row -> row.to().claimant().mode().name()))
        .with(
            "metadata",
            ArrayParameter.texts(
                all, row -> JdbcRecordCodec.metadataText(row.to().claimant().metadata())))
        .with(
            "ttls", ArrayParameter.numbers(all, row -> MicrosecondTime.of(row.to().lease().ttl())))
        .with(
            "delays",
            ArrayParameter.numbers(all, row -> MicrosecondTime.of(row.to().lease().lockDelay())))
        .with("places", ArrayParameter.texts(all, row -> row.intent().name()))
        .with(
            "from_claims",
            ArrayParameter.texts(
                all, row -> row.from().map(from -> from.claim().value()).orElse(null)))
        .with(
            "from_makers",
            ArrayParameter.texts(
                all,
                row ->
                    row.from().map(from -> JdbcRecordCodec.escaped(from.principal())).orElse(null)))
        .with(
            "from_tokens",
            ArrayParameter.numbers(
                all, row -> row.from().map(from -> from.token().value()).orElse(null)));
  }

  /** Sets the parameters of the statement {@code change}. */
  static BoundStatement bindChanges(List<LockCommand<?>> commands, BoundStatement statement) {
    List<ChangeRow> all = commands.stream().map(CommandParameters::changeRow).toList();
    return statement
        .with("names", ArrayParameter.bytes(all, row -> row.lock().utf8()))
        .with("acts", ArrayParameter.texts(all, ChangeRow::act))
        .with("claims", ArrayParameter.texts(all, ChangeRow::claim))
        .with("makers", ArrayParameter.texts(all, ChangeRow::maker))
        .with("tokens", ArrayParameter.numbers(all, ChangeRow::token))
        .with("close_fors", ArrayParameter.numbers(all, ChangeRow::closeFor))
        .with("reasons", ArrayParameter.texts(all, ChangeRow::reason));
  }

  private static ChangeRow changeRow(LockCommand<?> command) {
    if (command instanceof RenewGrant renewal) {
      GrantRef grant = renewal.grant();
      return new ChangeRow(
          grant.lock(),
          "R",
          grant.claim().value(),
          JdbcRecordCodec.escaped(grant.principal()),
          grant.token().value(),
          null,
          null);
    }
    if (command instanceof ReleaseClaim release) {
      return new ChangeRow(
          release.lock(),
          "E",
          release.command().claim().value(),
          JdbcRecordCodec.escaped(release.command().principal()),
          release.command().token().map(FencingToken::value).orElse(null),
          MicrosecondTime.of(release.command().closeFor()),
          null);
    }
    if (command instanceof ForceReleaseLock forced) {
      return new ChangeRow(
          forced.lock(),
          "F",
          null,
          null,
          forced.command().ifToken().map(FencingToken::value).orElse(null),
          forced.command().closeFor().map(MicrosecondTime::of).orElse(null),
          forced.command().reason());
    }
    return new ChangeRow(((LeaveQueue) command).lock(), "L", null, null, null, null, null);
  }
}
