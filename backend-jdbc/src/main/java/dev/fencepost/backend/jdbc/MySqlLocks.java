package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Steps of locks in MariaDB and MySQL: one packet for a batch, which decides there by the rules of
 * {@link LockRecord} written once more in SQL. It answers the rows as they were and the clock as it
 * was read for each; what came of a question follows from them by the rules. Safe for use by many
 * threads.
 */
final class MySqlLocks {
  private final Sql sql;
  private final Random random;

  MySqlLocks(Sql sql, Random random) {
    this.sql = sql;
    this.random = random;
  }

  /** Asks questions of different locks, all of one kind, and settles each. */
  void ask(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException {
    // Rows are locked in this order, so that two batches never wait for each other.
    List<Call<?>> ordered =
        calls.stream()
            .sorted(Comparator.comparing(call -> ((Question.OfLock<?>) call.question()).lock()))
            .toList();
    if (calls.get(0).question().kind() == Question.Kind.TAKE) {
      List<Taking> takings = ordered.stream().map(Taking::of).toList();
      try (Sql.Asked question = Taking.write(takings, sql.ask(connection, "acquire"))) {
        ask(question, ordered, seen);
      }
    } else {
      List<Changing> changings = ordered.stream().map(Changing::of).toList();
      try (Sql.Asked question = Changing.write(changings, sql.ask(connection, "change"))) {
        ask(question, ordered, seen);
      }
    }
  }

  private void ask(Sql.Asked question, List<Call<?>> calls, Seen seen) throws SQLException {
    Asking asking = new Asking(calls);
    long leastToken = seen.leastToken();
    question
        .with("self", seen.self().value())
        .with("floor", leastToken)
        .with("batch", random.nextLong());
    try (ResultSet rows = question.query()) {
      while (rows.next()) {
        LockName name = LockRow.name(rows, 3).orElseThrow();
        Call<?> call = asking.take(name);
        if (!grantedAsUsual(call, rows, seen) && !Asking.settledAsUsual(call, rows)) {
          Asking.settleOrFail(
              call,
              () ->
                  Asking.settleByRules(
                      call,
                      LockRow.read(name, rows, 3),
                      seen,
                      seen.asker(leastToken, rows.getLong(1))));
          sawJoin(call, rows.getString(2), seen);
        }
        seen.saw(rows.getLong(18));
      }
    }
    // What is asked of a lock without a row has the same answer at any time.
    asking.forEachLeft(
        (name, call) ->
            Asking.settleByRules(call, LockRecord.unused(name), seen, seen.asker(leastToken, 0)));
  }

  /** Settles a new grant, if it is one to a first claim or after one that stood until then. */
  private static boolean grantedAsUsual(Call<?> call, ResultSet row, Seen seen)
      throws SQLException {
    String step = row.getString(2);
    if (call.question() instanceof Question.Acquire acquire && "N".equals(step)) {
      sawPlace(acquire.line(), seen);
      Asking.settle(call, granted(acquire.claim(), row));
      return true;
    }
    if (call.question() instanceof Question.PassOn pass
        && "P".equals(step)
        && row.getLong(1) < row.getLong(13)) {
      sawPlace(pass.line(), seen);
      Asking.settle(call, new HandOver(new Release.Released(), granted(pass.to(), row)));
      return true;
    }
    return false;
  }

  private static void sawJoin(Call<?> call, @Nullable String step, Seen seen) {
    boolean busy = "B".equals(step) || "Y".equals(step);
    if (busy && Taking.of(call).line() != QueueIntent.NONE) {
      seen.places().joined();
    }
  }

  private static void sawPlace(QueueIntent line, Seen seen) {
    if (line == QueueIntent.STAY || line == QueueIntent.YIELD) {
      seen.places().seen();
    }
  }

  private static Attempt granted(Claim claim, ResultSet row) throws SQLException {
    GrantRef ref = new GrantRef(claim.lock(), claim.id(), new FencingToken(row.getLong(18)));
    return new Attempt.Granted(
        new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
  }
}
