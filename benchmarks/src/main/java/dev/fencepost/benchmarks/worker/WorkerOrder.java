package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.ContenderSettings;

/**
 * An order to a worker.
 *
 * @param task the id of the {@link WorkerTask}
 * @param contender the contender's id
 * @param settings the addresses; used when the worker opens the contender
 * @param referee the file through which all workers of the contender check each other
 * @param names the prefix of the locks' names
 * @param load the amount of work
 */
public record WorkerOrder(
    String task,
    String contender,
    ContenderSettings settings,
    String referee,
    String names,
    Load load) {

  /**
   * The amount of work.
   *
   * @param worker the number of this worker among those of the contender, from 1
   * @param threads the number of threads
   * @param locks the number of locks in all
   * @param millis the length of the measurement
   */
  public record Load(int worker, int threads, int locks, long millis) {}

  String lockName(int lock) {
    return names + "/" + lock;
  }

  /** Identifies a thread of this worker to the referee. */
  long callerId(int thread) {
    return load.worker() * 1_000_000L + thread + 1;
  }
}
