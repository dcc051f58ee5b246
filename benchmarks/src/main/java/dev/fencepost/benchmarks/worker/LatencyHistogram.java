package dev.fencepost.benchmarks.worker;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** Histograms of microseconds with about one percent precision, and their form in messages. */
public final class LatencyHistogram {
  private static final long HIGHEST_MICROS = 120_000_000L;
  private static final int DIGITS = 2;

  private LatencyHistogram() {}

  /** Returns an empty histogram. */
  public static Histogram empty() {
    return new Histogram(HIGHEST_MICROS, DIGITS);
  }

  static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.min(HIGHEST_MICROS, nanos / 1000));
  }

  static String pack(Stream<Histogram> parts) {
    Histogram sum = empty();
    parts.forEach(sum::add);
    ByteBuffer buffer = ByteBuffer.allocate(sum.getNeededByteBufferCapacity());
    byte[] bytes = new byte[sum.encodeIntoCompressedByteBuffer(buffer)];
    buffer.flip().get(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** Reads a packed histogram; an empty text is an empty histogram. */
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
