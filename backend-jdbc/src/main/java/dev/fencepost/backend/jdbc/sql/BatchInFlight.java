package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** The commands of one batch by lock; each is removed when its answer comes. For one thread. */
final class BatchInFlight {
  private final Map<LockName, PendingCommand<?>> byLock = new HashMap<>();

  /** Commands on different locks. */
  BatchInFlight(List<PendingCommand<?>> commands) {
    commands.forEach(pending -> byLock.put(pending.step().lock(), pending));
  }

  /** Removes the command on a lock and returns it. */
  PendingCommand<?> remove(LockName name) {
    PendingCommand<?> pending = byLock.remove(name);
    if (pending == null) {
      throw new IllegalStateException("an answer for a lock that is not in the batch");
    }
    return pending;
  }

  /** The commands that have no answer yet. */
  List<PendingCommand<?>> remaining() {
    return List.copyOf(byLock.values());
  }

  /** Runs an action for each command that has no answer yet. */
  void forEachRemaining(BiConsumer<LockName, PendingCommand<?>> action) {
    byLock.forEach(action);
  }

  /**
   * Records the outcome of a renewal or a release of a valid grant, for which the whole row need
   * not be read.
   *
   * @param row the clock, the step that the statement made (null: none), and the row as it was
   *     before, in the column order of {@link JdbcRecordCodec#readRecord}
   * @return false if the command is another one; nothing is recorded then
   */
  static boolean recordUsualOutcome(PendingCommand<?> pending, ResultSet row) throws SQLException {
    boolean wasValid = row.getString(2) != null && row.getLong(1) < row.getLong(13);
    if (wasValid && pending.step() instanceof LockCommand.ReleaseClaim) {
      pending.recordUntypedOutcome(new Release.Released());
      return true;
    }
    if (wasValid && pending.step() instanceof LockCommand.RenewGrant renewal) {
      Lease lease =
          new Lease(
              MicrosecondTime.duration(row.getLong(11)), MicrosecondTime.duration(row.getLong(12)));
      pending.recordUntypedOutcome(
          new Renewal.Renewed(
              new Grant(renewal.grant(), lease, LockMode.EXCLUSIVE, Grant.Origin.EXISTING)));
      return true;
    }
    return false;
  }

  /** Records the outcome of one command. */
  @FunctionalInterface
  interface OutcomeRecorder {
    void record() throws SQLException;
  }

  /** Records an outcome. If the lock's record cannot be read, only this command fails. */
  static void recordOrFail(PendingCommand<?> pending, OutcomeRecorder recorder)
      throws SQLException {
    try {
      recorder.record();
    } catch (StoreException e) {
      pending.fail(e);
    }
  }

  /** Applies the rules to the record as it was and records the outcome. */
  static <T> void recordByRules(
      PendingCommand<T> pending, LockRecord before, LocalObservations memory, StepContext context) {
    LockCommand<T> command = pending.step();
    Transition<T> transition = command.applyTo(before, context);
    memory.observe(transition.after());
    pending.recordOutcome(transition.outcome());
  }
}
