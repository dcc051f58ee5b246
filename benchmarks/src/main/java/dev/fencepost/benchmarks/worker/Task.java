package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Contender;

/** One way to use a lock, and what is measured of it. */
@FunctionalInterface
interface Task {

  /** Does it. */
  Outcome run(Stage stage) throws Exception;

  /**
   * Where it is done.
   *
   * @param order what was asked for
   * @param contender whose locks
   * @param referee who watches
   * @param signals tells the driver how far it is
   */
  record Stage(Order order, Contender contender, Referee referee, Signals signals) {

    Order.Load load() {
      return order.load();
    }
  }

  /** Tells the driver how far it is, and waits until it has looked at the other processes. */
  @FunctionalInterface
  interface Signals {
    void tell(Signal signal);
  }
}
