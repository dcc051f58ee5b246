package dev.fencepost.benchmarks.worker;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Collection;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** Histograms of microseconds, to about one percent, and how they travel. */
public final class Latencies {
  private static final long HIGHEST_MICROS = 120_000_000L;
  private static final int DIGITS = 2;

  private Latencies() {}

  /** An empty one. */
  public static Histogram empty() {
    return new Histogram(HIGHEST_MICROS, DIGITS);
  }

  static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.min(HIGHEST_MICROS, nanos / 1000));
  }

  static String pack(Collection<Histogram> parts) {
    Histogram all = empty();
    parts.forEach(all::add);
    ByteBuffer buffer = ByteBuffer.allocate(all.getNeededByteBufferCapacity());
    int length = all.encodeIntoCompressedByteBuffer(buffer);
    byte[] bytes = new byte[length];
    buffer.flip().get(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** What was packed; an empty one for nothing. */
  public static Histogram unpack(String packed) {
    if (packed.isEmpty()) {
      return empty();
    }
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(packed));
      return Histogram.decodeFromCompressedByteBuffer(bytes, HIGHEST_MICROS);
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("not a histogram", e);
    }
  }
}
