package dev.fencepost.backend.etcd;

import dev.fencepost.testkit.process.EtcdServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntFunction;

/**
 * Counts what 64 callers take and give back in a second, each on names of its own, and how often
 * one lock with 16 waiters changes hands: by the backend with and without batches, by jetcd's lock
 * client, and by single transactions by hand, in turn on one etcd that syncs every write. Prints
 * each round, medians and ratios.
 *
 * <p>Arguments: rounds, seconds of each round, then any number of options of the backend as {@code
 * name=value}, each compared with the rest.
 */
public final class EtcdFigures {
  private static final int CALLERS = 64;
  private static final int WAITERS = 16;

  private EtcdFigures() {}

  /** Runs; needs an etcd installed. */
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
    int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    try (EtcdServer etcd = new EtcdServer()) {
      etcd.start();
      List<FigureSide> sides = new ArrayList<>();
      sides.add(new FigureSides.ByHand(etcd.uri("by-hand")));
      sides.add(new FigureSides.Jetcd(etcd.port()));
      sides.add(new FigureSides.Backend("backend, batches", etcd.uri("batches"), Map.of()));
      sides.add(
          new FigureSides.Backend(
              "backend, one by one", etcd.uri("single"), Map.of("batch-size", "1")));
      for (int i = 2; i < arguments.length; i++) {
        String[] option = arguments[i].split("=", 2);
        Map<String, String> options = Map.of(option[0], option[1]);
        sides.add(new FigureSides.Backend(arguments[i], etcd.uri("option-" + i), options));
      }
      compare("pairs/s, " + CALLERS + " callers", sides, rounds, side -> pairs(side, seconds));
      compare(
          "hand-overs/s, " + WAITERS + " waiters",
          sides,
          rounds,
          side -> side.handOvers(WAITERS, seconds));
      for (FigureSide side : sides) {
        side.close();
      }
    }
    System.exit(0);
  }

  private interface Measure {
    double of(FigureSide side) throws Exception;
  }

  private static void compare(String what, List<FigureSide> sides, int rounds, Measure measure)
      throws Exception {
    System.out.println(what);
    for (FigureSide side : sides) {
      measure.of(side);
    }
    List<List<Double>> all = new ArrayList<>();
    sides.forEach(side -> all.add(new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < sides.size(); i++) {
        double rate = measure.of(sides.get(i));
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
  }

  private static double median(List<Double> rates) {
    return rates.stream().sorted().skip(rates.size() / 2).findFirst().orElseThrow();
  }

  private static double pairs(FigureSide side, int seconds) {
    return rate(CALLERS, seconds, caller -> side.pair("pairs/" + caller));
  }

  /** How often so many callers together get something done in a second, each one after another. */
  static double rate(int callers, int seconds, IntFunction<CompletionStage<?>> act) {
    LongAdder done = new LongAdder();
    long begun = System.nanoTime();
    long until = begun + seconds * 1_000_000_000L;
    CompletableFuture<?>[] all = new CompletableFuture<?>[callers];
    for (int i = 0; i < callers; i++) {
      CompletableFuture<Boolean> over = new CompletableFuture<>();
      all[i] = over;
      again(i, act, until, done, over);
    }
    CompletableFuture.allOf(all).join();
    return done.sum() * 1e9 / (System.nanoTime() - begun);
  }

  private static void again(
      int caller,
      IntFunction<CompletionStage<?>> act,
      long until,
      LongAdder done,
      CompletableFuture<Boolean> over) {
    if (System.nanoTime() >= until) {
      over.complete(true);
      return;
    }
    act.apply(caller)
        .whenComplete(
            (result, error) -> {
              if (error == null) {
                done.increment();
                again(caller, act, until, done, over);
              } else {
                over.completeExceptionally(error);
              }
            });
  }
}
