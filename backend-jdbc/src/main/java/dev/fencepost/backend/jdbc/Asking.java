package dev.fencepost.backend.jdbc;

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
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** The calls of a batch by their locks, each taken out when its answer comes. For one thread. */
final class Asking {
  private final Map<LockName, Call<?>> byLock = new HashMap<>();

  /** Calls of different locks. */
  Asking(List<Call<?>> calls) {
    calls.forEach(call -> byLock.put(((Question.OfLock<?>) call.question()).lock(), call));
  }

  /** The call that asked about a lock, taken out. */
  Call<?> take(LockName name) {
    Call<?> call = byLock.remove(name);
    if (call == null) {
      throw new IllegalStateException("an answer about a lock that was not asked about");
    }
    return call;
  }

  /** The calls that have had no answer. */
  List<Call<?>> left() {
    return List.copyOf(byLock.values());
  }

  /** Does something with each call that had no answer. */
  void forEachLeft(BiConsumer<LockName, Call<?>> act) {
    byLock.forEach(act);
  }

  /** Notes the outcome of a call. */
  @SuppressWarnings("unchecked") // Each kind of question has its kind of answer.
  static <T> void settle(Call<T> call, Object outcome) {
    call.settle((T) outcome);
  }

  /**
   * Settles a renewal or a release of a grant that stood, which needs no look at the whole row.
   *
   * @param row the clock, what the statement did (null: nothing), and the row as it was, in the
   *     order of {@link LockRow#read}
   */
  static boolean settledAsUsual(Call<?> call, ResultSet row) throws SQLException {
    boolean stood = row.getString(2) != null && row.getLong(1) < row.getLong(13);
    if (stood && call.question() instanceof Question.End) {
      settle(call, new Release.Released());
      return true;
    }
    if (stood && call.question() instanceof Question.Renew renew) {
      Lease lease =
          new Lease(
              MicrosecondTime.duration(row.getLong(11)), MicrosecondTime.duration(row.getLong(12)));
      settle(
          call,
          new Renewal.Renewed(
              new Grant(renew.grant(), lease, LockMode.EXCLUSIVE, Grant.Origin.EXISTING)));
      return true;
    }
    return false;
  }

  /** Something that settles a call. */
  @FunctionalInterface
  interface Settling {
    void run() throws SQLException;
  }

  /** Settles a call; it alone fails if its lock's record cannot be read. */
  static void settleOrFail(Call<?> call, Settling settling) throws SQLException {
    try {
      settling.run();
    } catch (StoreException e) {
      call.fail(e);
    }
  }

  /** Settles a call by the rules, from the record as it was. */
  static <T> void settleByRules(Call<T> call, LockRecord before, Seen seen, StepContext asker) {
    Question.OfLock<T> question = (Question.OfLock<T>) call.question();
    Transition<T> step = question.on(before, asker);
    seen.saw(step.after());
    call.settle(step.outcome());
  }
}
