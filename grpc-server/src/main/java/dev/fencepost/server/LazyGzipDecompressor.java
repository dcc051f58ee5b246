package dev.fencepost.server;

import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Gzip whose head is looked at when the message is read. gRPC's own looks at it in the transport,
 * where bytes that are no gzip are an error of the server and are logged as one.
 */
final class LazyGzipDecompressor implements Decompressor {
  private LazyGzipDecompressor() {}

  /** What requests may be compressed with: nothing or gzip. */
  static DecompressorRegistry registry() {
    return DecompressorRegistry.getDefaultInstance().with(new LazyGzipDecompressor(), true);
  }

  @Override
  public String getMessageEncoding() {
    return "gzip";
  }

  @Override
  public InputStream decompress(InputStream packed) {
    return new Unpacking(packed);
  }

  private static final class Unpacking extends InputStream {
    private final InputStream packed;
    private @Nullable InputStream plain;

    Unpacking(InputStream packed) {
      this.packed = packed;
    }

    @Override
    public int read() throws IOException {
      return plain().read();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      return plain().read(into, offset, length);
    }

    @Override
    public void close() throws IOException {
      packed.close();
    }

    private InputStream plain() throws IOException {
      InputStream opened = plain;
      if (opened == null) {
        opened = new GZIPInputStream(packed);
        plain = opened;
      }
      return opened;
    }
  }
}
