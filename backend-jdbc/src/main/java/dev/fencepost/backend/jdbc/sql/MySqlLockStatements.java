package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
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
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Executes steps of locks in MariaDB and MySQL, one packet for a batch. Its statements decide by
 * the rules of {@link LockRecord}, which are written a second time in SQL. They return each row as
 * it was before and the clock that was read for it; the rules give the outcome from these two. Safe
 * for use by many threads.
 */
final class MySqlLockStatements {
  private final SqlStatements statements;
  private final Random random;

  MySqlLockStatements(SqlStatements statements, Random random) {
    this.statements = statements;
    this.random = random;
  }

  /** Executes commands of one kind on different locks and records each outcome. */
  void execute(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    // Rows are locked in this order, so that two batches cannot deadlock.
    List<PendingCommand<?>> ordered =
        commands.stream().sorted(Comparator.comparing(pending -> pending.step().lock())).toList();
    if (commands.get(0).isAttempt()) {
      List<AcquireParameters> parameters = ordered.stream().map(AcquireParameters::of).toList();
      try (BoundStatement statement =
          AcquireParameters.bindAll(parameters, statements.prepare(connection, "acquire"))) {
        execute(statement, ordered, memory);
      }
    } else {
      List<ChangeParameters> parameters = ordered.stream().map(ChangeParameters::of).toList();
      try (BoundStatement statement =
          ChangeParameters.bindAll(parameters, statements.prepare(connection, "change"))) {
        execute(statement, ordered, memory);
      }
    }
  }

  private void execute(
      BoundStatement statement, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    BatchInFlight batch = new BatchInFlight(commands);
    long lowestNewToken = memory.lowestNewToken();
    statement
        .with("self", memory.self().value())
        .with("floor", lowestNewToken)
        .with("batch", random.nextLong());
    try (ResultSet rows = statement.query()) {
      while (rows.next()) {
        LockName name = JdbcRecordCodec.readName(rows, 3).orElseThrow();
        PendingCommand<?> pending = batch.remove(name);
        if (!recordUsualGrant(pending, rows, memory)
            && !BatchInFlight.recordUsualOutcome(pending, rows)) {
          BatchInFlight.recordOrFail(
              pending,
              () ->
                  BatchInFlight.recordByRules(
                      pending,
                      JdbcRecordCodec.readRecord(name, rows, 3),
                      memory,
                      memory.contextAt(lowestNewToken, rows.getLong(1))));
          recordJoin(pending, rows.getString(2), memory);
        }
        memory.observeToken(rows.getLong(18));
      }
    }
    // For a lock without a row the answer does not depend on the time.
    batch.forEachRemaining(
        (name, pending) ->
            BatchInFlight.recordByRules(
                pending, LockRecord.unused(name), memory, memory.contextAt(lowestNewToken, 0)));
  }

  /**
   * Records a new grant: one of an attempt, or one of a hand-over whose former grant was valid
   * until then.
   *
   * @return false in all other cases; nothing is recorded then
   */
  private static boolean recordUsualGrant(
      PendingCommand<?> pending, ResultSet row, LocalObservations memory) throws SQLException {
    String step = row.getString(2);
    if (pending.step() instanceof LockCommand.AcquireClaim acquire && "N".equals(step)) {
      recordQueued(acquire.intent(), memory);
      pending.recordUntypedOutcome(granted(acquire.claim(), row));
      return true;
    }
    if (pending.step() instanceof LockCommand.HandOverGrant handOver
        && "P".equals(step)
        && row.getLong(1) < row.getLong(13)) {
      recordQueued(handOver.intent(), memory);
      pending.recordUntypedOutcome(
          new HandOver(new Release.Released(), granted(handOver.to(), row)));
      return true;
    }
    return false;
  }

  private static void recordJoin(
      PendingCommand<?> pending, @Nullable String step, LocalObservations memory) {
    boolean busy = "B".equals(step) || "Y".equals(step);
    if (busy && AcquireParameters.of(pending).intent() != QueueIntent.NONE) {
      memory.queueMembership().recordJoin();
    }
  }

  private static void recordQueued(QueueIntent intent, LocalObservations memory) {
    if (intent == QueueIntent.STAY || intent == QueueIntent.YIELD) {
      memory.queueMembership().recordSeen();
    }
  }

  private static Attempt granted(Claim claim, ResultSet row) throws SQLException {
    GrantRef ref = new GrantRef(claim.lock(), claim.id(), new FencingToken(row.getLong(18)));
    return new Attempt.Granted(
        new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
  }
}
