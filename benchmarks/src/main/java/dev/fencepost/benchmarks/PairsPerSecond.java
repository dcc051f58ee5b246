package dev.fencepost.benchmarks;

import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Counts the locks that 64 callers take and give back in a second, each on names of its own, in
 * turn by hand and by the backend, on one PostgreSQL and then on one MariaDB that sync every
 * commit; prints each round, medians and ratios.
 *
 * <p>Arguments: rounds, seconds of each round, then any number of settings of the backend as {@code
 * acquire-connections:owner-connections:batch-size}, each compared with the rest.
 */
public final class PairsPerSecond {
  private static final int CALLERS = 64;

  private PairsPerSecond() {}

  /** Runs; needs PostgreSQL and MariaDB installed. */
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3;
    int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    List<String> settings =
        arguments.length > 2 ? List.of(arguments).subList(2, arguments.length) : List.of("2:2:100");
    try (PostgresServer server = new PostgresServer()) {
      server.start();
      Path folder = Files.createTempDirectory("fencepost-pairs-");
      List<Side> sides = sides(server.createDatabase("pairs"), settings);
      sides.add(new Backend("h2:" + folder, Map.of(), Backend.Callers.THREADS));
      sides.add(new Backend("h2:" + folder, Map.of(), Backend.Callers.CONTINUATIONS));
      System.out.println("PostgreSQL, and H2");
      compare(sides, rounds, seconds);
    }
    try (MariaDbServer server = new MariaDbServer()) {
      server.start();
      System.out.println("MariaDB");
      compare(sides(server.createDatabase("pairs"), settings), rounds, seconds);
    }
  }

  /** By hand, and the backend with each of the settings. */
  private static List<Side> sides(String uri, List<String> settings) throws Exception {
    List<Side> sides = new ArrayList<>();
    sides.add(new ByHand(uri, 16));
    for (String setting : settings) {
      sides.add(new Backend(uri, options(setting), Backend.Callers.THREADS));
      sides.add(new Backend(uri, options(setting), Backend.Callers.CONTINUATIONS));
    }
    return sides;
  }

  private static Map<String, String> options(String setting) {
    String[] numbers = setting.split(":", 3);
    return Map.of(
        "acquire-connections", numbers[0],
        "owner-connections", numbers[1],
        "batch-size", numbers[2]);
  }

  private static void compare(List<Side> sides, int rounds, int seconds) throws Exception {
    for (Side side : sides) {
      pairsPerSecond(side, seconds);
    }
    List<List<Double>> all = new ArrayList<>();
    sides.forEach(side -> all.add(new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < sides.size(); i++) {
        double rate = pairsPerSecond(sides.get(i), seconds);
        all.get(i).add(rate);
        System.out.printf(Locale.ROOT, "%8.0f  %s%n", rate, sides.get(i).name());
      }
    }
    double floor = median(all.get(0));
    for (int i = 0; i < sides.size(); i++) {
      double rate = median(all.get(i));
      System.out.printf(
          Locale.ROOT, "median %8.0f  %5.2fx  %s%n", rate, rate / floor, sides.get(i).name());
    }
    for (Side side : sides) {
      side.close();
    }
  }

  private static double median(List<Double> rates) {
    return rates.stream().sorted().skip(rates.size() / 2).findFirst().orElseThrow();
  }

  private static double pairsPerSecond(Side side, int seconds) throws Exception {
    long start = System.nanoTime();
    long pairs = side.pairs(CALLERS, Duration.ofSeconds(seconds));
    return pairs * 1e9 / (System.nanoTime() - start);
  }
}
