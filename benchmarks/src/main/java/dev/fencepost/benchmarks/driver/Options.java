package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.Target;
import dev.fencepost.benchmarks.store.Stores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What a run is narrowed to. Empty lists narrow nothing.
 *
 * @param size how much of everything
 * @param scenarios which
 * @param stores which
 * @param contenders which, by id
 * @param threads which loads of those scenarios whose load is threads
 * @param delaysMicros what is added to round trips, one set-up for each
 * @param replicas numbers of replicas, one set-up for each
 * @param rounds how often each contender has its turn
 * @param round how long a turn is
 * @param soak how long a soak is; zero for none
 * @param out the folder of the report
 * @param renews whether a report that is there is renewed, cell by cell, instead of replaced
 * @param reference a file with earlier ratios; may be missing
 */
public record Options(
    Size size,
    List<Scenario> scenarios,
    List<String> stores,
    List<String> contenders,
    List<Integer> threads,
    List<Integer> delaysMicros,
    List<Integer> replicas,
    int rounds,
    Duration round,
    Duration soak,
    Path out,
    boolean renews,
    Path reference) {

  /** How much of everything. */
  public enum Size {
    /** Two minutes: that it runs at all. */
    SMOKE,
    /** The cells of the targets. */
    TARGETS,
    /** All of it. */
    FULL
  }

  /** Reads a command line. */
  public static Options parse(List<String> arguments) {
    List<String> words = new ArrayList<>(arguments);
    Size size = Size.FULL;
    if (words.remove("--smoke")) {
      size = Size.SMOKE;
    }
    if (words.remove("--targets")) {
      size = Size.TARGETS;
    }
    Builder builder = new Builder(size);
    builder.renews = words.remove("--keep");
    if (words.size() % 2 != 0) {
      throw new IllegalArgumentException("an option without a value among " + words);
    }
    for (int i = 0; i < words.size(); i += 2) {
      builder.set(words.get(i), words.get(i + 1));
    }
    return builder.build();
  }

  /** Whether a list narrows to others than this. */
  static <T> Predicate<T> among(List<T> wanted) {
    return wanted.isEmpty() ? any -> true : wanted::contains;
  }

  private static final class Builder {
    private final Size size;
    private List<Scenario> scenarios = List.of();
    private List<String> stores = Stores.KINDS;
    private List<String> contenders = List.of();
    private List<Integer> threads = List.of();
    private List<Integer> delays = List.of();
    private List<Integer> replicas = List.of();
    private int rounds;
    private Duration round;
    private Duration soak = Duration.ZERO;
    private boolean renews;
    private Path out = Path.of("target", "report");
    private Path reference = Path.of("reference.json");

    Builder(Size size) {
      this.size = size;
      rounds = size == Size.SMOKE ? 1 : 3;
      round = Duration.ofMillis(size == Size.SMOKE ? 100 : 2000);
      if (size == Size.TARGETS) {
        stores =
            Target.all().stream().map(target -> target.cell().setUp().store()).distinct().toList();
      }
      if (size == Size.FULL) {
        delays = List.of(0, 500, 2000);
        replicas = List.of(1, 3);
      }
    }

    void set(String option, String value) {
      Consumer<String> setter =
          switch (option) {
            case "--scenario" -> v -> scenarios = words(v).stream().map(Scenario::of).toList();
            case "--store" -> v -> stores = known(words(v));
            case "--contender" -> v -> contenders = words(v);
            case "--threads" -> v -> threads = words(v).stream().map(Integer::valueOf).toList();
            case "--delay" -> v -> delays = words(v).stream().map(Builder::micros).toList();
            case "--replicas" -> v -> replicas = words(v).stream().map(Integer::valueOf).toList();
            case "--rounds" -> v -> rounds = Integer.parseInt(v);
            case "--seconds" ->
                v -> round = Duration.ofMillis((long) (1e3 * Double.parseDouble(v)));
            case "--soak" -> v -> soak = Duration.parse("PT" + v);
            case "--out" -> v -> out = Path.of(v);
            case "--reference" -> v -> reference = Path.of(v);
            default -> throw new IllegalArgumentException("no option " + option);
          };
      setter.accept(value);
    }

    Options build() {
      List<Integer> someDelays = delays.isEmpty() ? List.of(0) : delays;
      List<Integer> someReplicas = replicas.isEmpty() ? List.of(1) : replicas;
      return new Options(
          size,
          scenarios,
          stores,
          contenders,
          threads,
          someDelays,
          someReplicas,
          rounds,
          round,
          soak,
          out,
          renews,
          reference);
    }

    private static int micros(String millis) {
      return (int) Math.round(1e3 * Double.parseDouble(millis));
    }

    private static List<String> known(List<String> stores) {
      if (!Set.copyOf(Stores.KINDS).containsAll(stores)) {
        throw new IllegalArgumentException("stores are " + Stores.KINDS + ", not " + stores);
      }
      return stores;
    }

    private static List<String> words(String value) {
      return Arrays.asList(value.split(",", -1));
    }
  }
}
