package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.StoreProcess;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * A store that is one process.
 *
 * @param kind its kind
 * @param process the process, started
 * @param mark what its command line alone has
 * @param addresses where peers connect, by port
 * @param uris Fencepost's URI, by port
 * @param counter counts what is in it
 * @param version asks for its version and says its settings
 */
record ProcessStore(
    String kind,
    StoreProcess process,
    String mark,
    IntFunction<String> addresses,
    IntFunction<String> uris,
    LongSupplier counter,
    Supplier<String> version)
    implements Store {

  @Override
  public int port() {
    return process.port();
  }

  @Override
  public String address(int port) {
    return addresses.apply(port);
  }

  @Override
  public String uri(int port) {
    return uris.apply(port);
  }

  @Override
  public long entries() {
    return counter.getAsLong();
  }

  @Override
  public String description() {
    return version.get();
  }

  @Override
  public void close() {
    process.close();
  }
}
