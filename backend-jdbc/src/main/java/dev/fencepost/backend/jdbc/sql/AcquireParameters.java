package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.support.LockCommand;
import java.util.List;
import java.util.Optional;

/**
 * An attempt or a hand-over as parameters of the statement {@code acquire}.
 *
 * @param from the grant that a hand-over ends
 */
record AcquireParameters(Optional<GrantRef> from, Claim to, QueueIntent intent) {

  /** Of an attempt or a hand-over. */
  static AcquireParameters of(PendingCommand<?> pending) {
    if (pending.step() instanceof LockCommand.HandOverGrant handOver) {
      return new AcquireParameters(Optional.of(handOver.from()), handOver.to(), handOver.intent());
    }
    LockCommand.AcquireClaim acquire = (LockCommand.AcquireClaim) pending.step();
    return new AcquireParameters(Optional.empty(), acquire.claim(), acquire.intent());
  }

  /** Sets the parameters of all commands, one array for each property. */
  static BoundStatement bindAll(List<AcquireParameters> all, BoundStatement statement) {
    return statement
        .with("names", ArrayParameter.bytes(all.stream().map(p -> p.to().lock().utf8()).toList()))
        .with("claims", ArrayParameter.texts(all, p -> p.to().id().value()))
        .with(
            "owners",
            ArrayParameter.texts(all, p -> JdbcRecordCodec.escaped(p.to().claimant().owner())))
        .with(
            "principals",
            ArrayParameter.texts(all, p -> JdbcRecordCodec.escaped(p.to().claimant().principal())))
        .with("modes", ArrayParameter.texts(all, p -> p.to().claimant().mode().name()))
        .with(
            "metadata",
            ArrayParameter.texts(
                all, p -> JdbcRecordCodec.metadataText(p.to().claimant().metadata())))
        .with("ttls", ArrayParameter.numbers(all, p -> MicrosecondTime.of(p.to().lease().ttl())))
        .with(
            "delays",
            ArrayParameter.numbers(all, p -> MicrosecondTime.of(p.to().lease().lockDelay())))
        .with("places", ArrayParameter.texts(all, p -> p.intent().name()))
        .with(
            "from_claims",
            ArrayParameter.texts(all, p -> p.from().map(from -> from.claim().value()).orElse(null)))
        .with(
            "from_tokens",
            ArrayParameter.numbers(
                all, p -> p.from().map(from -> from.token().value()).orElse(null)));
  }
}
