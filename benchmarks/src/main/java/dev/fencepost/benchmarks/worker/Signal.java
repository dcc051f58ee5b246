package dev.fencepost.benchmarks.worker;

/** How far a task is. */
public enum Signal {
  /** All is set up, nothing is under way. */
  READY,
  /** What counts begins now. */
  MEASURING,
  /** What counts is over. */
  MEASURED
}
