package dev.fencepost.benchmarks.driver;

import dev.fencepost.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.List;

/** A process that prints the port it listens on: the echo, the ceiling, or a delaying proxy. */
final class PortProcess implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
  private static final String PORT = "port ";

  private final ChildJvm jvm;
  private final int port;

  PortProcess(Class<?> main, String... arguments) {
    jvm = ChildJvm.start(List.of("-Xmx512m"), main, arguments);
    String line = jvm.awaitLine(read -> read.startsWith(PORT), START_TIMEOUT);
    port = Integer.parseInt(line.substring(PORT.length()));
  }

  long pid() {
    return jvm.pid();
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    jvm.kill();
  }
}
