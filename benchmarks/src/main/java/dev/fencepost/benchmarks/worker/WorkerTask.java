package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.concurrent.TimeUnit;

/** One way to use locks, with its measurement. */
@FunctionalInterface
interface WorkerTask {

  /** Carries out the task. */
  WorkerOutcome run(Stage stage) throws Exception;

  /**
   * The surroundings of a task.
   *
   * @param order the order to carry out
   * @param contender the lock client
   * @param referee the watcher of critical sections
   * @param signals reports progress to the driver
   */
  record Stage(WorkerOrder order, Contender contender, LockReferee referee, Signals signals) {

    WorkerOrder.Load load() {
      return order.load();
    }

    /** True until the time of the measurement is over. */
    boolean isMeasuring(long startNanos) {
      return System.nanoTime() - startNanos < TimeUnit.MILLISECONDS.toNanos(load().millis());
    }

    TakenLock acquire(int lock) throws Exception {
      return contender.acquire(order.lockName(lock));
    }

    /** Tells the referee of a grant. Returns true if another caller had the lock before. */
    boolean enter(int lock, int thread, TakenLock taken) {
      return referee.enter(lock, order.callerId(thread), taken.token());
    }

    /** Tells the referee of the end of the critical section, then releases the lock. */
    void leave(int lock, int thread, TakenLock taken) throws Exception {
      referee.leave(lock, order.callerId(thread));
      taken.release();
    }
  }

  /** Sends a signal and waits until the driver has read the counters of the other processes. */
  @FunctionalInterface
  interface Signals {
    void send(WorkerSignal signal);
  }
}
