package dev.fencepost.server;

import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses gzip and checks its header only when the message is read. gRPC's own decompressor
 * checks it in the transport, where invalid bytes are treated and logged as an error of the server.
 */
final class LazyGzipDecompressor implements Decompressor {
  private LazyGzipDecompressor() {}

  /** Returns the permitted compressions of requests: none or gzip. */
  static DecompressorRegistry registry() {
    return DecompressorRegistry.getDefaultInstance().with(new LazyGzipDecompressor(), true);
  }

  @Override
  public String getMessageEncoding() {
    return "gzip";
  }

  @Override
  public InputStream decompress(InputStream packed) {
    return new LazyInput(packed);
  }

  private static final class LazyInput extends InputStream {
    private final InputStream packed;
    private @Nullable InputStream plain;

    LazyInput(InputStream packed) {
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
