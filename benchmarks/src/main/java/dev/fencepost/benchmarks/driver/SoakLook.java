package dev.fencepost.benchmarks.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * What a soak's processes and store hold when all is quiet.
 *
 * @param serverHeap live bytes of the server
 * @param clientHeap live bytes of the clients
 * @param serverThreads threads of the server
 * @param clientThreads threads of the clients
 * @param waiters claims that the server thinks wait
 * @param entries keys, rows, nodes and leases in the store
 */
record SoakLook(
    double serverHeap,
    double clientHeap,
    double serverThreads,
    double clientThreads,
    double waiters,
    double entries) {
  private static final double MIB = 1024 * 1024;

  /** A fifth, and something for what is loaded late. */
  private static final double MAY_GROW = 1.2;

  private static final double MIB_MORE = 4;
  private static final double THREADS_MORE = 4;
  private static final double ENTRIES_MORE = 20;

  static SoakLook at(World world, List<Worker> clients) {
    FencepostProcess server = world.servers().get(0);
    return new SoakLook(
        server.liveHeapBytes() / MIB,
        clients.stream().mapToDouble(client -> LiveHeap.bytes(client.pid())).sum() / MIB,
        Cpu.threads(server.pid()),
        clients.stream().mapToDouble(client -> Cpu.threads(client.pid())).sum(),
        server.metric("fencepost_waiters"),
        world.store().entries());
  }

  /** What is not flat: the last third compared with the first look after the warm-up. */
  static List<String> judge(List<SoakLook> all) {
    List<String> faults = new ArrayList<>();
    grows(all, "live heap of the server, MiB", SoakLook::serverHeap, MIB_MORE, faults);
    grows(all, "live heap of the clients, MiB", SoakLook::clientHeap, MIB_MORE, faults);
    grows(all, "threads of the server", SoakLook::serverThreads, THREADS_MORE, faults);
    grows(all, "threads of the clients", SoakLook::clientThreads, THREADS_MORE, faults);
    grows(all, "entries in the store", SoakLook::entries, ENTRIES_MORE, faults);
    if (all.get(all.size() - 1).waiters() > 0) {
      faults.add("claims wait although nobody asks: " + all.get(all.size() - 1).waiters());
    }
    return faults;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "live heap of the server %.1f MiB, of the clients %.1f MiB; threads %.0f, %.0f;"
            + " waiters %.0f; entries in the store %.0f",
        serverHeap,
        clientHeap,
        serverThreads,
        clientThreads,
        waiters,
        entries);
  }

  private static void grows(
      List<SoakLook> all,
      String what,
      ToDoubleFunction<SoakLook> of,
      double more,
      List<String> faults) {
    int third = Math.max(1, all.size() / 3);
    double early = all.subList(0, third).stream().mapToDouble(of).max().orElse(0);
    double late =
        all.subList(all.size() - third, all.size()).stream().mapToDouble(of).min().orElse(0);
    if (late > early * MAY_GROW + more) {
      faults.add(String.format(Locale.ROOT, "%s grew from %.1f to %.1f", what, early, late));
    }
  }
}
