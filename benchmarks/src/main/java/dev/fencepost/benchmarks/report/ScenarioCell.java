package dev.fencepost.benchmarks.report;

/**
 * One scenario at one load in one set-up. All contenders of the store take turns at it.
 *
 * @param setUp the processes and the delay between them
 * @param scenario the scenario
 * @param load the number of threads, waiters or locks
 */
public record ScenarioCell(SetUp setUp, Scenario scenario, int load) {

  /** The name in messages and in {@code ratios.json}. */
  public String id() {
    return setUp.id() + " " + scenario.id() + " " + load;
  }
}
