package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.report.BenchmarkReport;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The main program of {@code benchmarks/run}. */
public final class BenchmarkMain {
  private static final int EXIT_FAILED = 1;
  private static final int EXIT_USAGE = 64;

  private BenchmarkMain() {}

  /** Exits with 1 if a contender failed or broke its promise, 64 for a wrong command line. */
  public static void main(String[] arguments) throws IOException {
    List<String> words = List.of(arguments);
    BenchmarkOptions options;
    try {
      options = BenchmarkOptions.parse(words);
    } catch (IllegalArgumentException e) {
      System.err.println("benchmarks: " + e.getMessage());
      System.exit(EXIT_USAGE);
      return;
    }
    boolean isSound =
        options.soak().isZero()
            ? run(options, words, System.out).isSound()
            : SoakRun.run(options, System.out);
    System.exit(isSound ? 0 : EXIT_FAILED);
  }

  /** Runs all cells and writes the report into the folder of the options. */
  static BenchmarkReport run(BenchmarkOptions options, List<String> arguments, PrintStream progress)
      throws IOException {
    Map<String, String> environment = MachineDescription.describe(arguments);
    SelfCheck.requireSound(SelfCheck.run());
    progress.println("the checks catch each broken lock");
    BenchmarkDriver driver = new BenchmarkDriver(options, progress);
    driver.run();
    driver.stores().forEach((kind, store) -> environment.put("store " + kind, store));
    Path folder = options.out();
    BenchmarkReport report =
        BenchmarkReport.write(folder, options.reference(), environment, driver.samples());
    progress.println("report: " + folder.resolve("report.md").toAbsolutePath());
    report.regressions().forEach(ratio -> progress.println("FALLEN by more than 30 %: " + ratio));
    return report;
  }
}
