package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.Target;
import dev.fencepost.benchmarks.store.Stores;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
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

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with a message that names what is wrong
   */
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
    for (int i = 0; i < words.size(); i += 2) {
      if (i + 1 == words.size()) {
        throw new IllegalArgumentException(words.get(i) + " needs a value");
      }
      builder.set(words.get(i), words.get(i + 1));
    }
    return builder.build();
  }

  /** Whether a list narrows to others than this. */
  static <T> Predicate<T> among(List<T> wanted) {
    return wanted.isEmpty() ? any -> true : wanted::contains;
  }

  private static final class Builder {
    private static final int MOST_THREADS = 1024;
    private static final int MOST_REPLICAS = 9;
    private static final int MOST_ROUNDS = 100;
    private static final double MOST_DELAY_MILLIS = 1000;
    private static final double LEAST_SECONDS = 0.1;
    private static final double MOST_SECONDS = 600;
    private static final Duration MOST_SOAK = Duration.ofHours(12);

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
            case "--scenario" -> v -> scenarios = each(v, Scenario::of);
            case "--store" -> v -> stores = each(v, Builder::store);
            case "--contender" -> v -> contenders = each(v, id -> Catalogue.get(id).id());
            case "--threads" -> v -> threads = each(v, n -> whole(n, MOST_THREADS));
            case "--delay" -> v -> delays = each(v, Builder::micros);
            case "--replicas" -> v -> replicas = each(v, n -> whole(n, MOST_REPLICAS));
            case "--rounds" -> v -> rounds = whole(v, MOST_ROUNDS);
            case "--seconds" -> v -> round = seconds(v);
            case "--soak" -> v -> soak = time(v);
            case "--out" -> v -> out = Path.of(v);
            case "--reference" -> v -> reference = Path.of(v);
            default -> throw new IllegalArgumentException("no option " + option);
          };
      try {
        setter.accept(value);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(option + " " + value + ": " + e.getMessage(), e);
      }
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

    private static String store(String kind) {
      if (!Stores.KINDS.contains(kind)) {
        throw new IllegalArgumentException("stores are " + Stores.KINDS);
      }
      return kind;
    }

    private static int micros(String millis) {
      return (int) Math.round(1e3 * number(millis, 0, MOST_DELAY_MILLIS));
    }

    private static Duration seconds(String seconds) {
      return Duration.ofMillis(Math.round(1e3 * number(seconds, LEAST_SECONDS, MOST_SECONDS)));
    }

    /** Such as 90S, 30M or 1H. */
    private static Duration time(String text) {
      try {
        Duration time = Duration.parse("PT" + text);
        if (time.compareTo(Duration.ZERO) > 0 && time.compareTo(MOST_SOAK) <= 0) {
          return time;
        }
      } catch (DateTimeParseException e) {
        // Refused below.
      }
      throw new IllegalArgumentException("not a time like 30M, of 12H at most");
    }

    private static int whole(String text, int most) {
      double number = number(text, 1, most);
      if (number != Math.rint(number)) {
        throw new IllegalArgumentException("not a whole number");
      }
      return (int) number;
    }

    private static double number(String text, double least, double most) {
      double number;
      try {
        number = Double.parseDouble(text);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("not a number", e);
      }
      if (number >= least && number <= most) {
        return number;
      }
      throw new IllegalArgumentException("not between " + least + " and " + most);
    }

    private static <T> List<T> each(String value, Function<String, T> read) {
      return Arrays.stream(value.split(",", -1)).map(read).toList();
    }
  }
}
