package dev.fencepost.benchmarks.contender;

import java.util.Set;

/**
 * A contender in the list.
 *
 * @param id its name in commands and figures
 * @param title its name for people, with what matters of its settings
 * @param stores the kinds of store it works on
 * @param traits what sets it apart
 * @param factory opens it
 */
public record Entry(
    String id, String title, Set<String> stores, Set<Trait> traits, Factory factory) {

  /** Opens a contender. */
  @FunctionalInterface
  public interface Factory {
    /** Connects. */
    Contender open(Settings settings) throws Exception;
  }

  /** Whether it has the trait. */
  public boolean is(Trait trait) {
    return traits.contains(trait);
  }
}
