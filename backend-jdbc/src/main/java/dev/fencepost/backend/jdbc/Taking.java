package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import java.util.List;
import java.util.Optional;

/**
 * An attempt or a hand-over, as the statement {@code acquire} takes it.
 *
 * @param from the grant that ends, in a hand-over
 */
record Taking(Optional<GrantRef> from, Claim to, QueueIntent line) {

  /** What a call of {@link Question.Kind#TAKE} asks. */
  static Taking of(Call<?> call) {
    if (call.question() instanceof Question.PassOn pass) {
      return new Taking(Optional.of(pass.from()), pass.to(), pass.line());
    }
    Question.Acquire acquire = (Question.Acquire) call.question();
    return new Taking(Optional.empty(), acquire.claim(), acquire.line());
  }

  /** Sets the parameters, one array for each part of the questions. */
  static Sql.Asked write(List<Taking> all, Sql.Asked question) {
    return question
        .with("names", Sql.Many.bytes(all.stream().map(t -> t.to().lock().utf8()).toList()))
        .with("claims", Sql.Many.texts(all, t -> t.to().id().value()))
        .with("owners", Sql.Many.texts(all, t -> LockRow.escaped(t.to().claimant().owner())))
        .with(
            "principals", Sql.Many.texts(all, t -> LockRow.escaped(t.to().claimant().principal())))
        .with("modes", Sql.Many.texts(all, t -> t.to().claimant().mode().name()))
        .with("metadata", Sql.Many.texts(all, t -> LockRow.form(t.to().claimant().metadata())))
        .with("ttls", Sql.Many.numbers(all, t -> MicrosecondTime.of(t.to().lease().ttl())))
        .with("delays", Sql.Many.numbers(all, t -> MicrosecondTime.of(t.to().lease().lockDelay())))
        .with("places", Sql.Many.texts(all, t -> t.line().name()))
        .with(
            "from_claims",
            Sql.Many.texts(all, t -> t.from().map(from -> from.claim().value()).orElse(null)))
        .with(
            "from_tokens",
            Sql.Many.numbers(all, t -> t.from().map(from -> from.token().value()).orElse(null)));
  }
}
