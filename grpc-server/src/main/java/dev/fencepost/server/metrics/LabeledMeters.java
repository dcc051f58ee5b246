package dev.fencepost.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;

/** Caches meters by the values of their labels, so that counting allocates little. */
final class LabeledMeters {
  private static final List<Duration> STORE_BUCKETS =
      millis(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000);
  private static final List<Duration> WAIT_BUCKETS =
      millis(1, 5, 25, 100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 3_600_000);

  private LabeledMeters() {}

  /** Counters of one name with one label. */
  static final class Counters {
    private final MeterRegistry registry;
    private final String name;
    private final String help;
    private final String label;
    private final Map<String, Counter> byValue = new ConcurrentHashMap<>();

    Counters(MeterRegistry registry, String name, String help, String label) {
      this.registry = registry;
      this.name = name;
      this.help = help;
      this.label = label;
    }

    void count(String value) {
      byValue.computeIfAbsent(value, this::make).increment();
    }

    private Counter make(String value) {
      return Counter.builder(name).description(help).tag(label, value).register(registry);
    }
  }

  /** Timers of one name with some labels. */
  static final class Timers {
    private final MeterRegistry registry;
    private final String name;
    private final String help;
    private final List<String> labels;
    private final List<Duration> buckets;
    private final Map<List<String>, Timer> byValues = new ConcurrentHashMap<>();

    private Timers(MeterRegistry registry, String name, String help, Shape shape) {
      this.registry = registry;
      this.name = name;
      this.help = help;
      this.labels = shape.labels;
      this.buckets = shape.buckets;
    }

    /** Creates timers with buckets for calls to a store, 1 ms to 5 s. */
    static Timers forStoreCalls(
        MeterRegistry registry, String name, String help, String... labels) {
      return new Timers(registry, name, help, new Shape(List.of(labels), STORE_BUCKETS));
    }

    /** Creates timers with buckets for calls that may wait for a lock, 1 ms to 1 h. */
    static Timers forWaits(MeterRegistry registry, String name, String help, String... labels) {
      return new Timers(registry, name, help, new Shape(List.of(labels), WAIT_BUCKETS));
    }

    void record(Duration time, String... values) {
      byValues.computeIfAbsent(List.of(values), this::make).record(time);
    }

    private Timer make(List<String> values) {
      Timer.Builder timer =
          Timer.builder(name)
              .description(help)
              .serviceLevelObjectives(buckets.toArray(Duration[]::new));
      for (int i = 0; i < values.size(); i++) {
        timer.tag(labels.get(i), values.get(i));
      }
      return timer.register(registry);
    }

    private record Shape(List<String> labels, List<Duration> buckets) {}
  }

  private static List<Duration> millis(long... values) {
    return LongStream.of(values).mapToObj(Duration::ofMillis).toList();
  }
}
