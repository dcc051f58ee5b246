package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.SpeedTarget;
import dev.fencepost.benchmarks.store.StoreStarter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The options of a run. An empty list does not narrow the run.
 *
 * @param size the default amount of work
 * @param scenarios the scenarios to run
 * @param stores the kinds of store
 * @param contenders the ids of contenders
 * @param threads the loads of scenarios whose load is a number of threads
 * @param delaysMicros the delays of round trips, one set-up for each
 * @param replicas the numbers of replicas, one set-up for each
 * @param rounds the number of turns of each contender at a cell
 * @param turn the length of a turn
 * @param soak the length of a soak; zero for none
 * @param out the folder of the report
 * @param reference a file with earlier ratios; may be missing
 */
record BenchmarkOptions(
    Size size,
    List<Scenario> scenarios,
    List<String> stores,
    List<String> contenders,
    List<Integer> threads,
    List<Integer> delaysMicros,
    List<Integer> replicas,
    int rounds,
    Duration turn,
    Duration soak,
    Path out,
    Path reference) {

  private static final int MAX_THREADS = 1024;
  private static final int MAX_REPLICAS = 9;
  private static final int MAX_ROUNDS = 100;
  private static final double MAX_DELAY_MILLIS = 1000;
  private static final double MIN_SECONDS = 0.1;
  private static final double MAX_SECONDS = 600;
  private static final Duration MAX_SOAK = Duration.ofHours(12);

  private static final Set<String> NAMES =
      Set.of(
          "--scenario",
          "--store",
          "--contender",
          "--threads",
          "--delay",
          "--replicas",
          "--rounds",
          "--seconds",
          "--soak",
          "--out",
          "--reference");

  /** The default amount of work. */
  enum Size {
    /** Two minutes, to see that everything runs. */
    SMOKE,
    /** The cells of the targets. */
    TARGETS,
    /** All cells. */
    FULL
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with a message that names the wrong option
   */
  static BenchmarkOptions parse(List<String> arguments) {
    List<String> words = new ArrayList<>(arguments);
    Size size = words.remove("--smoke") ? Size.SMOKE : Size.FULL;
    size = words.remove("--targets") ? Size.TARGETS : size;
    Values given = Values.of(words);
    boolean isSmoke = size == Size.SMOKE;
    boolean isFull = size == Size.FULL;
    return new BenchmarkOptions(
        size,
        given.list("--scenario", List.of(), Scenario::of),
        given.list("--store", defaultStores(size), BenchmarkOptions::requireStore),
        given.list("--contender", List.of(), id -> ContenderCatalogue.get(id).id()),
        given.list("--threads", List.of(), n -> parseWhole(n, MAX_THREADS)),
        given.list("--delay", isFull ? List.of(0, 500, 2000) : List.of(0), v -> parseMicros(v)),
        given.list(
            "--replicas", isFull ? List.of(1, 3) : List.of(1), n -> parseWhole(n, MAX_REPLICAS)),
        given.value("--rounds", isSmoke ? 1 : 3, n -> parseWhole(n, MAX_ROUNDS)),
        given.value(
            "--seconds", Duration.ofMillis(isSmoke ? 100 : 2000), BenchmarkOptions::parseSeconds),
        given.value("--soak", Duration.ZERO, BenchmarkOptions::parseSoak),
        given.value("--out", Path.of("target", "report"), Path::of),
        given.value("--reference", Path.of("ratios.json"), Path::of));
  }

  /** Returns a test for membership; an empty list contains everything. */
  static <T> Predicate<T> among(List<T> wanted) {
    return wanted.isEmpty() ? any -> true : wanted::contains;
  }

  /** The given values by option. */
  private record Values(Map<String, String> byOption) {
    static Values of(List<String> words) {
      Map<String, String> byOption = new HashMap<>();
      for (int i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) {
          throw new IllegalArgumentException(words.get(i) + " needs a value");
        }
        if (!NAMES.contains(words.get(i))) {
          throw new IllegalArgumentException("no option " + words.get(i));
        }
        byOption.put(words.get(i), words.get(i + 1));
      }
      return new Values(byOption);
    }

    <T> T value(String option, T usual, Function<String, T> parser) {
      String text = byOption.get(option);
      if (text == null) {
        return usual;
      }
      try {
        return parser.apply(text);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(option + " " + text + ": " + e.getMessage(), e);
      }
    }

    <T> List<T> list(String option, List<T> usual, Function<String, T> parser) {
      return value(option, usual, text -> Arrays.stream(text.split(",", -1)).map(parser).toList());
    }
  }

  private static List<String> defaultStores(Size size) {
    return size == Size.TARGETS
        ? SpeedTarget.all().stream()
            .map(target -> target.cell().setUp().store())
            .distinct()
            .toList()
        : StoreStarter.KINDS;
  }

  private static String requireStore(String kind) {
    if (!StoreStarter.KINDS.contains(kind)) {
      throw new IllegalArgumentException("stores are " + StoreStarter.KINDS);
    }
    return kind;
  }

  private static int parseMicros(String millis) {
    return (int) Math.round(1e3 * parseNumber(millis, 0, MAX_DELAY_MILLIS));
  }

  private static Duration parseSeconds(String seconds) {
    return Duration.ofMillis(Math.round(1e3 * parseNumber(seconds, MIN_SECONDS, MAX_SECONDS)));
  }

  /** Reads 90S, 30M or 1H. */
  private static Duration parseSoak(String text) {
    try {
      Duration time = Duration.parse("PT" + text);
      if (time.compareTo(Duration.ZERO) > 0 && time.compareTo(MAX_SOAK) <= 0) {
        return time;
      }
    } catch (DateTimeParseException e) {
      // Refused below.
    }
    throw new IllegalArgumentException("not a time like 30M, of 12H at most");
  }

  private static int parseWhole(String text, int most) {
    double number = parseNumber(text, 1, most);
    if (number != Math.rint(number)) {
      throw new IllegalArgumentException("not a whole number");
    }
    return (int) number;
  }

  private static double parseNumber(String text, double least, double most) {
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
}
