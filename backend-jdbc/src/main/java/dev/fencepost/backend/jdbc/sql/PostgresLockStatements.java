package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
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
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Executes steps of locks in PostgreSQL, one statement for a batch. The statement decides by the
 * rules of {@link LockRecord}, which are written a second time in SQL. Safe for use by many
 * threads.
 *
 * <p>PostgreSQL prepares every expression of a statement each time it runs, used or not. That is
 * most of the cost of a statement with all rules. So a lean statement handles the usual cases
 * first, and only the locks that it leaves open go to the statement with all rules.
 */
final class PostgresLockStatements {
  private final SqlStatements statements;

  PostgresLockStatements(SqlStatements statements) {
    this.statements = statements;
  }

  /** Executes attempts and hand-overs of different locks and records each outcome. */
  void acquire(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    BatchInFlight batch = new BatchInFlight(commands);
    acquire("acquire_usual", connection, batch, memory).forEach(PendingCommand::complete);
    if (!batch.remaining().isEmpty()) {
      acquire("acquire", connection, batch, memory);
    }
  }

  /** Executes renewals, releases and other changes of different locks; records each outcome. */
  void change(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    BatchInFlight batch = new BatchInFlight(commands);
    releaseUsual(connection, batch).forEach(PendingCommand::complete);
    if (!batch.remaining().isEmpty()) {
      changeAny(connection, batch, memory);
    }
  }

  /** Returns the commands that the statement has answered. */
  private List<PendingCommand<?>> acquire(
      String statementName, Connection connection, BatchInFlight batch, LocalObservations memory)
      throws SQLException {
    List<PendingCommand<?>> answered = new ArrayList<>();
    try (BoundStatement statement = statements.prepare(connection, statementName)) {
      AcquireParameters.bindAll(
              batch.remaining().stream().map(AcquireParameters::of).toList(), statement)
          .with("self", memory.self().value())
          .with("floor", memory.lowestNewToken());
      try (ResultSet rows = statement.query()) {
        while (rows.next()) {
          LockName name = JdbcRecordCodec.readName(rows, 3).orElseThrow();
          memory.observeToken(rows.getLong(4));
          PendingCommand<?> pending = batch.remove(name);
          BatchInFlight.recordOrFail(pending, () -> recordAcquire(pending, name, rows));
          answered.add(pending);
        }
      }
    }
    return answered;
  }

  private List<PendingCommand<?>> releaseUsual(Connection connection, BatchInFlight batch)
      throws SQLException {
    List<PendingCommand<?>> answered = new ArrayList<>();
    List<ChangeParameters> releases =
        batch.remaining().stream()
            .map(ChangeParameters::of)
            .filter(ChangeParameters::isUsualRelease)
            .toList();
    if (releases.isEmpty()) {
      return answered;
    }
    try (BoundStatement statement = statements.prepare(connection, "release_usual")) {
      try (ResultSet rows = ChangeParameters.bindAll(releases, statement).query()) {
        while (rows.next()) {
          PendingCommand<?> pending = batch.remove(JdbcRecordCodec.readName(rows, 1).orElseThrow());
          pending.recordUntypedOutcome(new Release.Released());
          answered.add(pending);
        }
      }
    }
    return answered;
  }

  private void changeAny(Connection connection, BatchInFlight batch, LocalObservations memory)
      throws SQLException {
    long lowestNewToken = memory.lowestNewToken();
    try (BoundStatement statement = statements.prepare(connection, "change")) {
      ChangeParameters.bindAll(
              batch.remaining().stream().map(ChangeParameters::of).toList(), statement)
          .with("self", memory.self().value())
          .with("floor", lowestNewToken);
      try (ResultSet rows = statement.query()) {
        while (rows.next()) {
          LockName name = JdbcRecordCodec.readName(rows, 3).orElseThrow();
          PendingCommand<?> pending = batch.remove(name);
          memory.observeToken(rows.getLong(4));
          if (!BatchInFlight.recordUsualOutcome(pending, rows)) {
            BatchInFlight.recordOrFail(
                pending,
                () ->
                    BatchInFlight.recordByRules(
                        pending,
                        JdbcRecordCodec.readRecord(name, rows, 3),
                        memory,
                        memory.contextAt(lowestNewToken, rows.getLong(1))));
          }
        }
      }
    }
    // For a lock without a row the answer does not depend on the time.
    batch.forEachRemaining(
        (name, pending) ->
            BatchInFlight.recordByRules(
                pending, LockRecord.unused(name), memory, memory.contextAt(lowestNewToken, 0)));
  }

  private static void recordAcquire(PendingCommand<?> pending, LockName name, ResultSet row)
      throws SQLException {
    String answer = row.getString(2);
    Attempt attempt = attempt(AcquireParameters.of(pending).to(), name, answer.charAt(1), row);
    if (pending.step() instanceof LockCommand.HandOverGrant) {
      pending.recordUntypedOutcome(new HandOver(release(answer.charAt(0)), attempt));
    } else {
      pending.recordUntypedOutcome(attempt);
    }
  }

  private static Attempt attempt(Claim claim, LockName name, char step, ResultSet row)
      throws SQLException {
    if (step == 'P' || step == 'N') {
      // The row holds the claim of the command and the new token.
      GrantRef ref = new GrantRef(name, claim.id(), new FencingToken(row.getLong(4)));
      return new Attempt.Granted(
          new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
    }
    LockRecord after = JdbcRecordCodec.readRecord(name, row, 3);
    return step == 'S'
        ? new Attempt.Granted(existingGrant(after))
        : new Attempt.Busy(after.stateAt(row.getLong(1)));
  }

  private static Grant existingGrant(LockRecord record) {
    Ownership ownership = record.ownership().orElseThrow();
    GrantRef ref = new GrantRef(record.name(), ownership.claim(), new FencingToken(record.token()));
    return new Grant(ref, ownership.lease(), ownership.claimant().mode(), Grant.Origin.EXISTING);
  }

  private static Release release(char ending) {
    return switch (ending) {
      case 'H' -> new Release.Released();
      case 'R' -> new Release.NotHeld(LossReason.REVOKED);
      case 'S' -> new Release.NotHeld(LossReason.SUPERSEDED);
      case 'L' -> new Release.NotHeld(LossReason.RELEASED);
      default -> new Release.NotHeld(LossReason.EXPIRED);
    };
  }
}
