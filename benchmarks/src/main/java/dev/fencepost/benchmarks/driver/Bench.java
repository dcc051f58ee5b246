package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.report.Report;
import dev.fencepost.benchmarks.report.Run;
import dev.fencepost.benchmarks.report.Sample;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs the benchmarks from nothing to a report. */
public final class Bench {
  private static final int FAILED = 1;
  private static final int USAGE = 64;

  private Bench() {}

  /** Ends with 1 if a contender failed or broke its promise, 64 for a wrong command line. */
  public static void main(String[] arguments) throws IOException {
    List<String> words = List.of(arguments);
    Options options;
    try {
      options = Options.parse(words);
    } catch (IllegalArgumentException e) {
      System.err.println("benchmarks: " + e.getMessage());
      System.exit(USAGE);
      return;
    }
    boolean sound =
        options.soak().isZero()
            ? run(options, words, System.out).isSound()
            : Soak.run(options, System.out);
    System.exit(sound ? 0 : FAILED);
  }

  /** Runs, and writes the report into the folder of the options. */
  static Report run(Options options, List<String> arguments, PrintStream progress)
      throws IOException {
    Map<String, String> environment = Machine.describe(arguments);
    List<Sample> controls = Controls.run();
    Controls.require(controls);
    progress.println("the checks catch each broken lock");
    Driver driver = new Driver(options, progress);
    driver.run();
    driver.stores().forEach((kind, store) -> environment.put("store " + kind, store));
    Path folder = options.out();
    Report report =
        Report.write(
            folder, options.renews(), options.reference(), new Run(environment, driver.samples()));
    progress.println("report: " + folder.resolve("report.md").toAbsolutePath());
    report.fallen().forEach(name -> progress.println("FALLEN by more than 30 %: " + name));
    return report;
  }
}
