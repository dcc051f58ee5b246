package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Micros;
import dev.fencepost.lock.spi.record.Tenure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Steps of locks in PostgreSQL: one statement for a batch, which decides there by the rules of
 * {@link LockRecord} written once more in SQL. Safe for use by many threads.
 */
final class PostgresLocks {
  private final Sql sql;

  PostgresLocks(Sql sql) {
    this.sql = sql;
  }

  /** Asks attempts and hand-overs of different locks and settles each. */
  void take(Connection connection, List<Call<?>> calls, Floor floor) throws SQLException {
    Map<LockName, Call<?>> byLock = byLock(calls);
    List<Taking> takings = calls.stream().map(PostgresLocks::taking).toList();
    try (Sql.Asked question = sql.ask(connection, "acquire")) {
      question
          .with("self", floor.self().value())
          .with("floor", floor.leastToken())
          .with("names", many("bytea", takings, t -> t.to().lock().utf8()))
          .with("claims", many("text", takings, t -> t.to().id().value()))
          .with("owners", many("text", takings, t -> LockRow.escaped(t.to().claimant().owner())))
          .with(
              "principals",
              many("text", takings, t -> LockRow.escaped(t.to().claimant().principal())))
          .with("modes", many("text", takings, t -> t.to().claimant().mode().name()))
          .with("metadata", many("text", takings, t -> LockRow.form(t.to().claimant().metadata())))
          .with("ttls", many("int8", takings, t -> Micros.of(t.to().lease().ttl())))
          .with("delays", many("int8", takings, t -> Micros.of(t.to().lease().lockDelay())))
          .with("places", many("text", takings, t -> t.line().name()))
          .with(
              "from_claims",
              many("text", takings, t -> t.from().map(from -> from.claim().value()).orElse(null)))
          .with(
              "from_tokens",
              many("int8", takings, t -> t.from().map(from -> from.token().value()).orElse(null)));
      try (ResultSet rows = question.query()) {
        while (rows.next()) {
          LockName name = LockRow.name(rows, 3).orElseThrow();
          floor.saw(rows.getLong(4));
          settleTaking(asked(byLock, name), name, rows);
        }
      }
    }
  }

  /** Asks renewals, releases and the like, of different locks, and settles each. */
  void change(Connection connection, List<Call<?>> calls, Floor floor) throws SQLException {
    Map<LockName, Call<?>> byLock = byLock(calls);
    List<Changing> changings = calls.stream().map(PostgresLocks::changing).toList();
    long leastToken = floor.leastToken();
    try (Sql.Asked question = sql.ask(connection, "change")) {
      question
          .with("self", floor.self().value())
          .with("floor", leastToken)
          .with("names", many("bytea", changings, c -> c.lock().utf8()))
          .with("acts", many("text", changings, Changing::act))
          .with("claims", many("text", changings, Changing::claim))
          .with("tokens", many("int8", changings, Changing::token))
          .with("close_fors", many("int8", changings, Changing::closeFor))
          .with("reasons", many("text", changings, Changing::reason));
      try (ResultSet rows = question.query()) {
        while (rows.next()) {
          LockName name = LockRow.name(rows, 3).orElseThrow();
          Call<?> call = asked(byLock, name);
          floor.saw(rows.getLong(4));
          if (!settledAsUsual(call, rows)) {
            settleChange(call, LockRow.read(name, rows, 3), rows.getLong(1), leastToken, floor);
          }
        }
      }
    }
    // What is asked of a lock without a row has the same answer at any time.
    byLock.forEach((name, call) -> settleChange(call, LockRecord.unused(name), 0, 0, floor));
  }

  private static Map<LockName, Call<?>> byLock(List<Call<?>> calls) {
    Map<LockName, Call<?>> byLock = new HashMap<>();
    calls.forEach(call -> byLock.put(((Question.OfLock<?>) call.question()).lock(), call));
    return byLock;
  }

  /** The call that asked about a lock, taken out. */
  private static Call<?> asked(Map<LockName, Call<?>> byLock, LockName name) {
    Call<?> call = byLock.remove(name);
    if (call == null) {
      throw new IllegalStateException("an answer about a lock that was not asked about");
    }
    return call;
  }

  private static <T> Sql.Many many(
      String type, List<T> asked, Function<T, @Nullable Object> column) {
    @Nullable Object[] elements =
        type.equals("bytea")
            ? new byte[asked.size()][]
            : type.equals("int8") ? new Long[asked.size()] : new String[asked.size()];
    for (int i = 0; i < elements.length; i++) {
      elements[i] = column.apply(asked.get(i));
    }
    return new Sql.Many(type, elements);
  }

  private static void settleTaking(Call<?> call, LockName name, ResultSet row) throws SQLException {
    String answer = row.getString(2);
    Attempt got = attempt(taking(call).to(), name, answer.charAt(1), row);
    if (call.question() instanceof Question.PassOn) {
      settle(call, new HandOver(ended(answer.charAt(0)), got));
    } else {
      settle(call, got);
    }
  }

  @SuppressWarnings("unchecked") // Each kind of question has its kind of answer.
  private static <T> void settle(Call<T> call, Object outcome) {
    call.settle((T) outcome);
  }

  /** Settles a renewal or release of a grant that stood, which needs no look at the whole row. */
  private static boolean settledAsUsual(Call<?> call, ResultSet row) throws SQLException {
    boolean stood = row.getString(2) != null && row.getLong(1) < row.getLong(13);
    if (stood && call.question() instanceof Question.End) {
      settle(call, new Release.Released());
      return true;
    }
    if (stood && call.question() instanceof Question.Renew renew) {
      Lease lease = new Lease(Micros.duration(row.getLong(11)), Micros.duration(row.getLong(12)));
      settle(
          call,
          new Renewal.Renewed(
              new Grant(renew.grant(), lease, LockMode.EXCLUSIVE, Grant.Origin.STANDING)));
      return true;
    }
    return false;
  }

  private static <T> void settleChange(
      Call<T> call, LockRecord before, long now, long leastToken, Floor floor) {
    Question.OfLock<T> question = (Question.OfLock<T>) call.question();
    var step = question.on(before, floor.asker(leastToken, now));
    floor.saw(step.after().token());
    call.settle(step.outcome());
  }

  private static Attempt attempt(Claim claim, LockName name, char step, ResultSet row)
      throws SQLException {
    if (step == 'P' || step == 'N') {
      // The row is what was asked for, and its token.
      GrantRef ref = new GrantRef(name, claim.id(), new FencingToken(row.getLong(4)));
      return new Attempt.Granted(
          new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
    }
    LockRecord after = LockRow.read(name, row, 3);
    return step == 'S'
        ? new Attempt.Granted(standing(after))
        : new Attempt.Busy(after.stateAt(row.getLong(1)));
  }

  private static Grant standing(LockRecord record) {
    Tenure tenure = record.tenure().orElseThrow();
    GrantRef ref = new GrantRef(record.name(), tenure.claim(), new FencingToken(record.token()));
    return new Grant(ref, tenure.lease(), tenure.claimant().mode(), Grant.Origin.STANDING);
  }

  private static Release ended(char how) {
    return switch (how) {
      case 'H' -> new Release.Released();
      case 'R' -> new Release.NotHeld(LossReason.REVOKED);
      case 'S' -> new Release.NotHeld(LossReason.SUPERSEDED);
      case 'L' -> new Release.NotHeld(LossReason.RELEASED);
      default -> new Release.NotHeld(LossReason.EXPIRED);
    };
  }

  private static Taking taking(Call<?> call) {
    if (call.question() instanceof Question.PassOn pass) {
      return new Taking(Optional.of(pass.from()), pass.to(), pass.line());
    }
    Question.Acquire acquire = (Question.Acquire) call.question();
    return new Taking(Optional.empty(), acquire.claim(), acquire.line());
  }

  private static Changing changing(Call<?> call) {
    if (call.question() instanceof Question.Renew renew) {
      GrantRef grant = renew.grant();
      return new Changing(
          grant.lock(), "R", grant.claim().value(), grant.token().value(), null, null);
    }
    if (call.question() instanceof Question.End end) {
      ReleaseOrder order = end.order();
      return new Changing(
          order.lock(),
          "E",
          order.claim().value(),
          order.token().map(token -> token.value()).orElse(null),
          Micros.of(order.closeFor()),
          null);
    }
    if (call.question() instanceof Question.Revoke revoke) {
      ForcedRelease order = revoke.order();
      return new Changing(
          order.lock(),
          "F",
          null,
          order.ifToken().map(token -> token.value()).orElse(null),
          order.closeFor().map(Micros::of).orElse(null),
          order.reason());
    }
    LockName lock = ((Question.Leave) call.question()).lock();
    return new Changing(lock, "L", null, null, null, null);
  }

  private record Taking(Optional<GrantRef> from, Claim to, Line line) {}

  private record Changing(
      LockName lock,
      String act,
      @Nullable String claim,
      @Nullable Long token,
      @Nullable Long closeFor,
      @Nullable String reason) {}
}
