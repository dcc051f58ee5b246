package dev.fencepost.benchmarks.contender;

import java.util.Set;

/**
 * A contender in the catalogue.
 *
 * @param id the name in commands and results
 * @param title the name in the report, with the settings that matter
 * @param stores the kinds of store that it works on
 * @param traits its properties
 * @param factory opens it
 */
public record ContenderEntry(
    String id, String title, Set<String> stores, Set<ContenderTrait> traits, Factory factory) {

  /** Opens a contender. */
  @FunctionalInterface
  public interface Factory {
    /** Connects. */
    Contender open(ContenderSettings settings) throws Exception;
  }

  /** True if it has the trait. */
  public boolean is(ContenderTrait trait) {
    return traits.contains(trait);
  }
}
