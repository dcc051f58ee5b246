package dev.fencepost.fence.pause;

import dev.fencepost.fence.StaleTokenException;
import dev.fencepost.lock.FencingToken;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A process that holds many locks, looks whether it still holds them, and writes: the usual, wrong
 * way. It is paused between the look and the write.
 *
 * <p>Reads {@code hold RESOURCE TOKEN}, {@code check NANOS} (how long the leases may be used) and
 * {@code write}. Prints {@code held N} and {@code written W refused R failed F}.
 */
public final class PausedHolder {

  private final Map<String, FencingToken> held = new LinkedHashMap<>();
  private final long startedNanos = System.nanoTime();
  private final FencedWriter writer;

  private PausedHolder(FencedWriter writer) {
    this.writer = writer;
  }

  /** Arguments: the kind of the writer, and the address that it writes to. */
  public static void main(String[] args) throws Exception {
    try (FencedWriter writer = FencedWriters.of(args[0], args[1]);
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      PausedHolder holder = new PausedHolder(writer);
      System.out.println("ready");
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        holder.obey(order.split(" ", -1));
      }
    }
  }

  private void obey(String[] order) throws Exception {
    switch (order[0]) {
      case "hold" -> held.put(order[1], new FencingToken(Long.parseLong(order[2])));
      case "check" -> {
        boolean valid = System.nanoTime() - startedNanos < Long.parseLong(order[1]);
        System.out.println("held " + (valid ? held.size() : 0));
      }
      case "write" -> writeAll();
      default -> throw new IllegalArgumentException(order[0]);
    }
  }

  private void writeAll() {
    int written = 0;
    int refused = 0;
    int failed = 0;
    for (Map.Entry<String, FencingToken> each : held.entrySet()) {
      try {
        writer.write(each.getKey(), "late", each.getValue());
        written++;
      } catch (StaleTokenException e) {
        refused++;
      } catch (Exception e) {
        failed++;
        e.printStackTrace();
      }
    }
    System.out.printf(Locale.ROOT, "written %d refused %d failed %d%n", written, refused, failed);
  }
}
