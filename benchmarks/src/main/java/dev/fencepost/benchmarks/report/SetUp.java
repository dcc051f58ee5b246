package dev.fencepost.benchmarks.report;

/**
 * The processes of a run and the wires between them.
 *
 * @param store the kind of store
 * @param delayMicros what is added to each round trip on each hop, half of it in each direction
 * @param replicas Fencepost's servers
 */
public record SetUp(String store, int delayMicros, int replicas) {

  /** One server on the loopback as it is. */
  public static SetUp plain(String store) {
    return new SetUp(store, 0, 1);
  }

  /** Whether it is that. */
  public boolean isPlain() {
    return delayMicros == 0 && replicas == 1;
  }

  /** Its name. */
  public String id() {
    return store
        + (delayMicros > 0 ? " +" + delayMicros / 1000.0 + "ms" : "")
        + (replicas > 1 ? " " + replicas + " replicas" : "");
  }
}
