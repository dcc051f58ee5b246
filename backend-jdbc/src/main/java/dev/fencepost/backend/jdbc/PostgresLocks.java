package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Ownership;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps of locks in PostgreSQL: one statement for a batch, which decides there by the rules of
 * {@link LockRecord} written once more in SQL. Safe for use by many threads.
 *
 * <p>PostgreSQL prepares every expression of a statement each time it runs, used or not, which is
 * most of the cost of a statement that knows all rules. So the usual cases are asked by a lean
 * statement first, and only what it leaves unanswered by the one that knows all.
 */
final class PostgresLocks {
  private final Sql sql;

  PostgresLocks(Sql sql) {
    this.sql = sql;
  }

  /** Asks attempts and hand-overs of different locks and settles each. */
  void take(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException {
    Asking asking = new Asking(calls);
    take("acquire_usual", connection, asking, seen).forEach(Call::tell);
    if (!asking.left().isEmpty()) {
      take("acquire", connection, asking, seen);
    }
  }

  /** Asks renewals, releases and the like, of different locks, and settles each. */
  void change(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException {
    Asking asking = new Asking(calls);
    releaseUsual(connection, asking).forEach(Call::tell);
    if (!asking.left().isEmpty()) {
      changeAny(connection, asking, seen);
    }
  }

  /** Settles those whose locks the statement answers of. */
  private List<Call<?>> take(String statement, Connection connection, Asking asking, Seen seen)
      throws SQLException {
    List<Call<?>> settled = new ArrayList<>();
    try (Sql.Asked question = sql.ask(connection, statement)) {
      Taking.write(asking.left().stream().map(Taking::of).toList(), question)
          .with("self", seen.self().value())
          .with("floor", seen.leastToken());
      try (ResultSet rows = question.query()) {
        while (rows.next()) {
          LockName name = LockRow.name(rows, 3).orElseThrow();
          seen.saw(rows.getLong(4));
          Call<?> call = asking.take(name);
          Asking.settleOrFail(call, () -> settleTaking(call, name, rows));
          settled.add(call);
        }
      }
    }
    return settled;
  }

  private List<Call<?>> releaseUsual(Connection connection, Asking asking) throws SQLException {
    List<Call<?>> settled = new ArrayList<>();
    List<Changing> releases =
        asking.left().stream().map(Changing::of).filter(Changing::isUsualRelease).toList();
    if (releases.isEmpty()) {
      return settled;
    }
    try (Sql.Asked question = sql.ask(connection, "release_usual")) {
      try (ResultSet rows = Changing.write(releases, question).query()) {
        while (rows.next()) {
          Call<?> call = asking.take(LockRow.name(rows, 1).orElseThrow());
          Asking.settle(call, new Release.Released());
          settled.add(call);
        }
      }
    }
    return settled;
  }

  private void changeAny(Connection connection, Asking asking, Seen seen) throws SQLException {
    long leastToken = seen.leastToken();
    try (Sql.Asked question = sql.ask(connection, "change")) {
      Changing.write(asking.left().stream().map(Changing::of).toList(), question)
          .with("self", seen.self().value())
          .with("floor", leastToken);
      try (ResultSet rows = question.query()) {
        while (rows.next()) {
          LockName name = LockRow.name(rows, 3).orElseThrow();
          Call<?> call = asking.take(name);
          seen.saw(rows.getLong(4));
          if (!Asking.settledAsUsual(call, rows)) {
            Asking.settleOrFail(
                call,
                () ->
                    Asking.settleByRules(
                        call,
                        LockRow.read(name, rows, 3),
                        seen,
                        seen.asker(leastToken, rows.getLong(1))));
          }
        }
      }
    }
    // What is asked of a lock without a row has the same answer at any time.
    asking.forEachLeft(
        (name, call) ->
            Asking.settleByRules(call, LockRecord.unused(name), seen, seen.asker(leastToken, 0)));
  }

  private static void settleTaking(Call<?> call, LockName name, ResultSet row) throws SQLException {
    String answer = row.getString(2);
    Attempt got = attempt(Taking.of(call).to(), name, answer.charAt(1), row);
    if (call.question() instanceof Question.PassOn) {
      Asking.settle(call, new HandOver(ended(answer.charAt(0)), got));
    } else {
      Asking.settle(call, got);
    }
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
    Ownership tenure = record.ownership().orElseThrow();
    GrantRef ref = new GrantRef(record.name(), tenure.claim(), new FencingToken(record.token()));
    return new Grant(ref, tenure.lease(), tenure.claimant().mode(), Grant.Origin.EXISTING);
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
}
