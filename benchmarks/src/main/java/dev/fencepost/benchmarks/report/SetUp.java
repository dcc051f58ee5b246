package dev.fencepost.benchmarks.report;

/**
 * The processes of a run and the network delay between them.
 *
 * @param store the kind of store
 * @param delayMicros the delay added to each round trip on each hop, half in each direction
 * @param replicas the number of Fencepost servers
 */
public record SetUp(String store, int delayMicros, int replicas) {

  /** Returns a set-up with one server and no added delay. */
  public static SetUp plain(String store) {
    return new SetUp(store, 0, 1);
  }

  /** True for one server and no added delay. */
  public boolean isPlain() {
    return delayMicros == 0 && replicas == 1;
  }

  /** The name in messages and reports. */
  public String id() {
    return store
        + (delayMicros > 0 ? " +" + delayMicros / 1000.0 + "ms" : "")
        + (replicas > 1 ? " " + replicas + " replicas" : "");
  }
}
