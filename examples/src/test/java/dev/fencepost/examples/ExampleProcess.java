package dev.fencepost.examples;

import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;

/** Runs the programs of {@code java} as processes of their own, as {@code java/README.md} does. */
final class ExampleProcess {

  /** The longest time that a test waits for a line or for the end of a program. */
  static final Duration PATIENCE = Duration.ofMinutes(1);

  /** Small, and without a log, which would come between the lines of the program. */
  private static final List<String> OPTIONS =
      List.of(
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider",
          "-Dslf4j.internal.verbosity=ERROR");

  private ExampleProcess() {}

  static ChildJvm start(Class<?> program, String... arguments) {
    return ChildJvm.start(OPTIONS, program, arguments);
  }

  /** Waits for the end of a program and returns its last line. */
  static String awaitResult(ChildJvm program) {
    List<String> lines = program.remainingLines(PATIENCE);
    return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
  }
}
