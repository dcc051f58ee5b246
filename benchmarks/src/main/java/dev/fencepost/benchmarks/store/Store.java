package dev.fencepost.benchmarks.store;

import java.nio.file.Path;

/** A store that is running, empty at first, and who connects to it how. */
public interface Store extends AutoCloseable {

  /** The kind, as {@link dev.fencepost.benchmarks.contender.Entry#stores} names it. */
  String kind();

  /** The port on the loopback address; 0 if it is embedded in whoever uses it. */
  int port();

  /** What appears in the command line of its process, and nowhere else. */
  String mark();

  /** Where peers connect, if the store is to be reached through this port. */
  String address(int port);

  /** Fencepost's store URI, through this port. */
  String uri(int port);

  /** How many keys, rows, nodes and leases are in it; 0 if nobody but its user can tell. */
  long entries();

  /** Version, durability and other settings that matter. */
  String description();

  @Override
  void close();

  /** An address for nobody. */
  static Store none() {
    return new Store() {
      @Override
      public String kind() {
        return "none";
      }

      @Override
      public int port() {
        return 0;
      }

      @Override
      public String mark() {
        return Path.of("/no/such/process").toString();
      }

      @Override
      public String address(int port) {
        return "";
      }

      @Override
      public String uri(int port) {
        return "";
      }

      @Override
      public long entries() {
        return 0;
      }

      @Override
      public String description() {
        return "no store";
      }

      @Override
      public void close() {}
    };
  }
}
