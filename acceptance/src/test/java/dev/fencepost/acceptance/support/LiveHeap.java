package dev.fencepost.acceptance.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What is alive in the heap of another JVM of this user, after a full collection. */
public final class LiveHeap {

  private LiveHeap() {}

  /** The bytes of all live objects. */
  public static long bytes(long pid) throws IOException {
    String jcmd = System.getProperty("java.home") + "/bin/jcmd";
    Process process =
        new ProcessBuilder(List.of(jcmd, Long.toString(pid), "GC.class_histogram"))
            .redirectErrorStream(true)
            .start();
    String histogram =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    // Its last line: Total <instances> <bytes>
    String[] words = histogram.substring(histogram.lastIndexOf('\n') + 1).split(" +", -1);
    if (words.length != 3 || !words[0].equals("Total")) {
      throw new IOException("not a histogram: " + histogram);
    }
    return Long.parseLong(words[2]);
  }
}
