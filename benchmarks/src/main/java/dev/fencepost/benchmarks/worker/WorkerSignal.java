package dev.fencepost.benchmarks.worker;

/** The progress of a task. */
public enum WorkerSignal {
  /** The set-up is complete and nothing is in flight. */
  READY,
  /** The measurement begins. */
  MEASURING,
  /** The measurement has ended. */
  MEASURED
}
