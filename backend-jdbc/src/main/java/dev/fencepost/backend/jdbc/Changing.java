package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A renewal, a release or the like, as the statement {@code change} takes it.
 *
 * @param act R renews, E releases, F releases by force, L leaves the line
 * @param closeFor in µs
 */
record Changing(
    LockName lock,
    String act,
    @Nullable String claim,
    @Nullable Long token,
    @Nullable Long closeFor,
    @Nullable String reason) {

  /** What a call of {@link Question.Kind#CHANGE} asks. */
  static Changing of(Call<?> call) {
    if (call.question() instanceof Question.Renew renew) {
      GrantRef grant = renew.grant();
      return new Changing(
          grant.lock(), "R", grant.claim().value(), grant.token().value(), null, null);
    }
    if (call.question() instanceof Question.End end) {
      ReleaseCommand order = end.order();
      return new Changing(
          order.lock(),
          "E",
          order.claim().value(),
          order.token().map(FencingToken::value).orElse(null),
          MicrosecondTime.of(order.closeFor()),
          null);
    }
    if (call.question() instanceof Question.Revoke revoke) {
      ForceReleaseCommand order = revoke.order();
      return new Changing(
          order.lock(),
          "F",
          null,
          order.ifToken().map(FencingToken::value).orElse(null),
          order.closeFor().map(MicrosecondTime::of).orElse(null),
          order.reason());
    }
    LockName lock = ((Question.Leave) call.question()).lock();
    return new Changing(lock, "L", null, null, null, null);
  }

  /** A release that names its grant and frees the lock at once. */
  boolean isUsualRelease() {
    return act.equals("E") && token != null && Long.valueOf(0).equals(closeFor);
  }

  /** Sets the parameters, one array for each part of the questions. */
  static Sql.Asked write(List<Changing> all, Sql.Asked question) {
    return question
        .with("names", Sql.Many.bytes(all.stream().map(c -> c.lock().utf8()).toList()))
        .with("acts", Sql.Many.texts(all, Changing::act))
        .with("claims", Sql.Many.texts(all, Changing::claim))
        .with("tokens", Sql.Many.numbers(all, Changing::token))
        .with("close_fors", Sql.Many.numbers(all, Changing::closeFor))
        .with("reasons", Sql.Many.texts(all, Changing::reason));
  }
}
