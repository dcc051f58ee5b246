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
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * The statements of PostgreSQL. Its {@code acquire} returns the row as it is afterwards, since an
 * {@code INSERT} cannot return what was before, and two letters for the answer: how the former
 * grant ended, and the step. Safe for use by many threads.
 */
final class PostgresLockStatements extends LockStatements {
  PostgresLockStatements(SqlStatements statements, Random random) {
    super(statements, random);
  }

  @Override
  void recordOutcome(
      PendingCommand<?> pending, ResultSet row, LocalObservations memory, StepContext context)
      throws SQLException {
    String answer = row.getString(2);
    if (pending.step() instanceof LockCommand.AcquireClaim acquire) {
      pending.recordUntypedOutcome(attempt(acquire.claim(), answer.charAt(1), row));
    } else if (pending.step() instanceof LockCommand.HandOverGrant handOver) {
      pending.recordUntypedOutcome(
          new HandOver(
              release(answer.charAt(0), row), attempt(handOver.to(), answer.charAt(1), row)));
    } else {
      super.recordOutcome(pending, row, memory, context);
    }
  }

  /**
   * {@inheritDoc} PostgreSQL prepares every expression of a statement each time it runs, used or
   * not. So a lean statement handles the usual cases first.
   */
  @Override
  void execute(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    List<PendingCommand<?>> left = new ArrayList<>(commands);
    if (commands.get(0).isAttempt()) {
      executeUsual(connection, "acquire_usual", commands, memory).forEach(left::remove);
    } else {
      List<PendingCommand<?>> releases =
          commands.stream().filter(PostgresLockStatements::isUsual).toList();
      if (!releases.isEmpty()) {
        executeUsual(connection, "release_usual", releases, memory).forEach(left::remove);
      }
    }
    if (!left.isEmpty()) {
      super.execute(connection, left, memory);
    }
  }

  private static boolean isUsual(PendingCommand<?> pending) {
    return pending.step() instanceof LockCommand.ReleaseClaim release
        && release.command().token().isPresent()
        && release.command().closeFor().isZero();
  }

  /** Completes the commands that a lean statement has executed, and returns them. */
  private List<PendingCommand<?>> executeUsual(
      Connection connection,
      String name,
      List<PendingCommand<?>> commands,
      LocalObservations memory)
      throws SQLException {
    Map<LockName, PendingCommand<?>> byLock = new HashMap<>();
    commands.forEach(pending -> byLock.put(pending.step().lock(), pending));
    List<PendingCommand<?>> answered = new ArrayList<>();
    boolean areAttempts = name.equals("acquire_usual");
    try (BoundStatement statement = statements().prepare(connection, name)) {
      bind(commands, areAttempts, statement)
          .with("self", memory.self().value())
          .with("floor", memory.lowestNewToken());
      try (ResultSet rows = statement.query()) {
        while (rows.next()) {
          LockName lock = JdbcRecordCodec.readName(rows, areAttempts ? 3 : 1).orElseThrow();
          PendingCommand<?> pending = Objects.requireNonNull(byLock.get(lock));
          memory.observeToken(rows.getLong(areAttempts ? 4 : 2));
          if (areAttempts) {
            recordOutcome(pending, rows, memory, memory.contextAt(0, 0));
          } else {
            pending.recordUntypedOutcome(new Release.Released());
          }
          answered.add(pending);
        }
      }
    }
    answered.forEach(PendingCommand::complete);
    return answered;
  }

  private static Attempt attempt(Claim claim, char step, ResultSet row) throws SQLException {
    if (step == 'P' || step == 'N') {
      // The row holds the claim of the command and the new token.
      GrantRef ref = grantOf(claim, new FencingToken(row.getLong(4)));
      return new Attempt.Granted(
          new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
    }
    if (step == 'S') {
      return new Attempt.Granted(existing(claim, row));
    }
    LockRecord after = JdbcRecordCodec.readRecord(claim.lock(), row, 3);
    if (REFUSED.equals(String.valueOf(step))) {
      throw JdbcRecordCodec.damaged(claim.lock());
    }
    return step == 'O'
        ? new Attempt.ForeignClaim(maker(row))
        : new Attempt.Busy(after.stateAt(row.getLong(1)));
  }

  /** Returns the principal in the row, which the command has not changed. */
  private static OtherPrincipal maker(ResultSet row) throws SQLException {
    return new OtherPrincipal(
        JdbcRecordCodec.unescaped(row.getString(7)), new FencingToken(row.getLong(4)));
  }

  private static Release release(char ending, ResultSet row) throws SQLException {
    return switch (ending) {
      case 'O' -> new Release.ForeignRelease(maker(row));
      case 'H' -> new Release.Released();
      case 'R' -> new Release.NotHeld(LossReason.REVOKED);
      case 'S' -> new Release.NotHeld(LossReason.SUPERSEDED);
      case 'L' -> new Release.NotHeld(LossReason.RELEASED);
      default -> new Release.NotHeld(LossReason.EXPIRED);
    };
  }
}
