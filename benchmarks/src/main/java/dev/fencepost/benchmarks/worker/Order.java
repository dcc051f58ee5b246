package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Settings;

/**
 * What a worker is to do.
 *
 * @param task which {@link Task}
 * @param contender the contender's id
 * @param settings what it connects to, when it is first asked for
 * @param referee the file in which all workers of the contender check each other
 * @param names what the names of the locks begin with
 * @param load how much of it
 */
public record Order(
    String task, String contender, Settings settings, String referee, String names, Load load) {

  /**
   * How much.
   *
   * @param worker the number of this worker among those of the contender, from 1
   * @param threads threads
   * @param locks locks in all
   * @param millis how long it is measured
   */
  public record Load(int worker, int threads, int locks, long millis) {}

  String name(int lock) {
    return names + "/" + lock;
  }

  /** Names a thread of this worker to the referee. */
  long who(int thread) {
    return load.worker() * 1_000_000L + thread + 1;
  }
}
