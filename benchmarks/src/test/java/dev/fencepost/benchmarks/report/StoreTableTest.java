package dev.fencepost.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The page that shows the stores beside each other. */
class StoreTableTest {
  private static final Map<String, String> MACHINE = Map.of("cores for everything", "2");

  @Test
  void storesStandBesideEachOther_withErrorsAndThroughput() {
    String table =
        StoreTable.render(
            MACHINE,
            List.of(
                new OperationCost("redis", "renew", 1, 50, 2.5, 4200),
                new OperationCost("etcd", "renew", 1, 1250, 125, 9000),
                new OperationCost("redis", "renew", 64, 1600, 16, 3000),
                new OperationCost("etcd", "renew", 64, 6400, 640, 8000)));

    assertThat(table)
        .contains(
            "## Renew",
            "| store | 1 caller, µs | a second | KB | 64 callers, µs | a second | KB |",
            "| redis | 50 ± 3 | 20,000 ± 1,000 | 4.2 | 1,600 ± 16 | 40,000 ± 400 | 3.0 |",
            "| etcd | 1,250 ± 125 | 800 ± 80 | 9.0 | 6,400 ± 640 | 10,000 ± 1,000 | 8.0 |",
            "| cores for everything | 2 |");
  }

  @Test
  void eachOperation_hasATableOfItsOwn() {
    String table =
        StoreTable.render(
            MACHINE,
            List.of(
                new OperationCost("redis", "acquireRelease", 1, 10, 1, 1),
                new OperationCost("redis", "advanceFence", 1, 10, 1, 1)));

    assertThat(table).contains("## Acquire and release", "## Advance a fence");
  }

  @Test
  void tooFewMeasurements_showNoError() {
    String table =
        StoreTable.render(
            MACHINE, List.of(new OperationCost("h2", "renew", 1, 40, Double.NaN, 100)));

    assertThat(table).contains("| h2 | 40 | 25,000 | 0.1 |");
  }

  @Test
  void anotherDefaultLocale_changesNothing() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(
              StoreTable.render(MACHINE, List.of(new OperationCost("h2", "renew", 1, 40, 1, 1500))))
          .contains("| h2 | 40 ± 1 | 25,000 ± 625 | 1.5 |");
    } finally {
      Locale.setDefault(before);
    }
  }
}
