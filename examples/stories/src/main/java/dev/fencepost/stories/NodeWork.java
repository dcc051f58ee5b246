package dev.fencepost.stories;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.fence.JdbcFence;
import dev.fencepost.fence.StaleTokenException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/** The work of one node in one act: takes the lock, and presents its token. For one thread. */
final class NodeWork {

  private static final JdbcFence FENCE = JdbcFence.table("fence_guard");

  /** Short, so that a story does not take long. */
  private static final Duration TTL = Duration.ofSeconds(2);

  private static final Duration WAIT = Duration.ofMinutes(1);

  /** A node that was refused tries once more. */
  private static final int ATTEMPTS = 2;

  private final NodeOrder order;
  private final Connection database;
  private final Runnable pausePoint;
  private Optional<LockHandle> lock = Optional.empty();

  /**
   * Makes the work of a node.
   *
   * @param database not in auto-commit mode
   * @param pausePoint returns when the node may go on
   */
  NodeWork(NodeOrder order, Connection database, Runnable pausePoint) {
    this.order = order;
    this.database = database;
    this.pausePoint = pausePoint;
  }

  /** One transaction of a story. */
  interface Transaction<T> {
    T run(Connection database) throws SQLException;
  }

  /** Returns the name of the node. */
  String node() {
    return order.node();
  }

  /**
   * Stands for what takes long: a payment, a call, a computation. The node has its lock when it
   * begins, and cannot know whether it has it when it ends.
   */
  void takeTime() {
    lock.ifPresent(LockHandle::requireHeld);
    if (order.isHeldUp()) {
      pausePoint.run();
    }
  }

  /** Runs a transaction; with a fence, the token is presented in it first. */
  <T> T inTransaction(Transaction<T> transaction) throws SQLException {
    try {
      if (order.act().hasFence()) {
        FENCE.check(database, order.story().lock(), lock.orElseThrow().token());
      }
      T result = transaction.run(database);
      database.commit();
      return result;
    } catch (SQLException | RuntimeException e) {
      database.rollback();
      throw e;
    }
  }

  /** Does the node's part of the story, and returns the number of refused attempts. */
  int run(FencepostClient client) throws SQLException, InterruptedException {
    if (!order.act().hasLock()) {
      order.story().work(this);
      return 0;
    }
    for (int refused = 0; refused < ATTEMPTS; refused++) {
      try (LockHandle held = client.lock(order.story().lock()).withTtl(TTL).acquire(WAIT)) {
        lock = Optional.of(held);
        order.story().work(this);
        return refused;
      } catch (StaleTokenException e) {
        // The lock was lost meanwhile: take it again, and read again.
      }
    }
    return ATTEMPTS;
  }
}
