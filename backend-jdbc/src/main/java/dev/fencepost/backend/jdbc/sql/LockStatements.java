package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Executes steps of locks, a batch in one round trip. The statements {@code acquire} and {@code
 * change} decide by the rules of {@link LockRecord}, which are written a second time in SQL. They
 * return the clock that was read for each row and the row as it was before; the rules give the
 * outcome from these two. Safe for use by many threads.
 */
class LockStatements {
  /** The step on a row that the statement refuses to change. */
  static final String REFUSED = "U";

  private final SqlStatements statements;
  private final Random random;

  LockStatements(SqlStatements statements, Random random) {
    this.statements = statements;
    this.random = random;
  }

  final SqlStatements statements() {
    return statements;
  }

  /** Executes commands of one kind on different locks and records each outcome. */
  void execute(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    Map<LockName, PendingCommand<?>> unanswered = new HashMap<>();
    commands.forEach(pending -> unanswered.put(pending.step().lock(), pending));
    long floor = memory.lowestNewToken();
    boolean areAttempts = commands.get(0).isAttempt();
    try (BoundStatement statement =
        statements.prepare(connection, areAttempts ? "acquire" : "change")) {
      bind(commands, areAttempts, statement)
          .with("self", memory.self().value())
          .with("floor", floor)
          .with("batch", random.nextLong());
      try (ResultSet rows = statement.query()) {
        while (rows.next()) {
          LockName lock = JdbcRecordCodec.readName(rows, 3).orElseThrow();
          PendingCommand<?> pending = unanswered.remove(lock);
          if (pending == null) {
            throw new IllegalStateException("an answer for a lock that is not in the batch");
          }
          memory.observeToken(rows.getLong(4));
          recordOrFail(pending, rows, memory, memory.contextAt(floor, rows.getLong(1)));
        }
      }
    }
    if (!areAttempts) {
      // For a lock without a row the answer does not depend on the time.
      unanswered.forEach(
          (lock, pending) ->
              recordByRules(pending, LockRecord.unused(lock), memory, memory.contextAt(floor, 0)));
    }
  }

  /** Records an outcome. If the lock's record cannot be read, only this command fails. */
  private void recordOrFail(
      PendingCommand<?> pending, ResultSet row, LocalObservations memory, StepContext context)
      throws SQLException {
    try {
      recordOutcome(pending, row, memory, context);
    } catch (StoreException e) {
      pending.fail(e);
    }
  }

  /**
   * Records the outcome of a command.
   *
   * @param row the clock, the step that the statement made (null: none), and the row as it was
   *     before, in the column order of {@link JdbcRecordCodec#readRecord}; of an attempt also the
   *     token of the row as it is now
   */
  void recordOutcome(
      PendingCommand<?> pending, ResultSet row, LocalObservations memory, StepContext context)
      throws SQLException {
    if (pending.isAttempt()
        ? recordGrant(pending, row, memory)
        : recordUsualOutcome(pending, row)) {
      return;
    }
    LockName lock = pending.step().lock();
    LockRecord before = JdbcRecordCodec.readRecord(lock, row, 3);
    if (REFUSED.equals(row.getString(2))) {
      throw JdbcRecordCodec.damaged(lock);
    }
    recordByRules(pending, before, memory, context);
  }

  /**
   * Records a grant. The other columns of the claim on record are not read: they may be damaged,
   * and the statement made or extended the grant all the same.
   *
   * @return false if the statement granted nothing; nothing is recorded then
   */
  private static boolean recordGrant(
      PendingCommand<?> pending, ResultSet row, LocalObservations memory) throws SQLException {
    String step = row.getString(2);
    if (pending.step() instanceof LockCommand.AcquireClaim acquire
        && ("N".equals(step) || "S".equals(step))) {
      Claim claim = acquire.claim();
      pending.recordUntypedOutcome(
          "N".equals(step)
              ? granted(claim, row, memory)
              : new Attempt.Granted(existing(claim, row)));
      recordQueued(acquire.intent(), memory);
      return true;
    }
    if (pending.step() instanceof LockCommand.HandOverGrant handOver
        && ("N".equals(step) || "P".equals(step))) {
      Release ended =
          "P".equals(step) && row.getLong(1) < row.getLong(13)
              ? new Release.Released()
              : new Release.NotHeld(reasonOfLoss(handOver.from().token(), row));
      pending.recordUntypedOutcome(new HandOver(ended, granted(handOver.to(), row, memory)));
      recordQueued(handOver.intent(), memory);
      return true;
    }
    return false;
  }

  /** Returns why a grant had ended before its lock was granted again; see {@link LockRecord}. */
  private static LossReason reasonOfLoss(FencingToken lost, ResultSet row) throws SQLException {
    boolean wasOwned = row.getString(5) != null;
    boolean wasRevoked = !row.getString(17).isEmpty();
    if (!wasOwned && wasRevoked && row.getLong(1) < row.getLong(14)) {
      return LossReason.REVOKED;
    }
    boolean givenBack = !wasOwned && !wasRevoked && row.getLong(4) == lost.value();
    return givenBack ? LossReason.RELEASED : LossReason.EXPIRED;
  }

  private static Attempt granted(Claim claim, ResultSet row, LocalObservations memory)
      throws SQLException {
    FencingToken token = new FencingToken(row.getLong(18));
    memory.observeToken(token.value());
    return new Attempt.Granted(
        new Grant(grantOf(claim, token), claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
  }

  /** Returns the grant that the claim has already. */
  static Grant existing(Claim claim, ResultSet row) throws SQLException {
    FencingToken token = new FencingToken(row.getLong(4));
    return existing(grantOf(claim, token), row);
  }

  /** Returns the reference to a grant of the claim, which its principal made. */
  static GrantRef grantOf(Claim claim, FencingToken token) {
    return new GrantRef(claim.lock(), claim.id(), token, claim.claimant().principal());
  }

  private static Grant existing(GrantRef ref, ResultSet row) throws SQLException {
    Lease lease =
        new Lease(
            MicrosecondTime.duration(row.getLong(11)), MicrosecondTime.duration(row.getLong(12)));
    return new Grant(ref, lease, LockMode.EXCLUSIVE, Grant.Origin.EXISTING);
  }

  private static void recordQueued(QueueIntent intent, LocalObservations memory) {
    if (intent == QueueIntent.STAY || intent == QueueIntent.YIELD) {
      memory.queueMembership().recordSeen();
    }
  }

  /**
   * Records the outcome of a renewal or a release of a valid grant, for which the whole row need
   * not be read.
   *
   * @return false if the command is another one; nothing is recorded then
   */
  private static boolean recordUsualOutcome(PendingCommand<?> pending, ResultSet row)
      throws SQLException {
    String step = row.getString(2);
    boolean wasValid = step != null && !REFUSED.equals(step) && row.getLong(1) < row.getLong(13);
    if (wasValid && pending.step() instanceof LockCommand.ReleaseClaim) {
      pending.recordUntypedOutcome(new Release.Released());
      return true;
    }
    if (wasValid && pending.step() instanceof LockCommand.RenewGrant renewal) {
      pending.recordUntypedOutcome(new Renewal.Renewed(existing(renewal.grant(), row)));
      return true;
    }
    return false;
  }

  private static <T> void recordByRules(
      PendingCommand<T> pending, LockRecord before, LocalObservations memory, StepContext context) {
    Transition<T> transition = pending.step().applyTo(before, context);
    memory.observe(transition.after());
    pending
        .step()
        .attemptIn(transition.outcome())
        .filter(Attempt.Busy.class::isInstance)
        .ifPresent(busy -> memory.observeWait(transition.after()));
    pending.recordOutcome(transition.outcome());
  }

  /** Binds the commands in the order in which rows are locked, so that no batches deadlock. */
  static BoundStatement bind(
      List<PendingCommand<?>> commands, boolean areAttempts, BoundStatement statement) {
    List<LockCommand<?>> steps = new ArrayList<>();
    commands.forEach(pending -> steps.add(pending.step()));
    steps.sort(Comparator.comparing(LockCommand::lock));
    return areAttempts
        ? CommandParameters.bindAttempts(steps, statement)
        : CommandParameters.bindChanges(steps, statement);
  }
}
