package dev.fencepost.benchmarks.report;

/**
 * What all contenders of a store do in turn.
 *
 * @param setUp where
 * @param scenario what
 * @param load threads, waiters or locks
 */
public record Cell(SetUp setUp, Scenario scenario, int load) {

  /** Its name in messages and of what is kept from run to run. */
  public String id() {
    return setUp.id() + " " + scenario.id() + " " + load;
  }
}
