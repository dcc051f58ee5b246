package dev.fencepost.benchmarks.driver;

import java.util.List;

/** Runs the benchmarks from nothing to a report. */
public final class Bench {
  private Bench() {}

  /** Exit code 1 if a contender or a check failed, 2 for a wrong command line. */
  public static void main(String[] arguments) {
    Driver driver = new Driver(Options.parse(List.of(arguments)), System.out);
    driver.run();
  }
}
