package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.UsageException;
import dev.fencepost.lock.tls.BearerFile;
import dev.fencepost.lock.tls.TlsFileException;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;

/** The header that proves an identity by a bearer token (RFC 6750, section 2.1). */
final class BearerHeader {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private BearerHeader() {}

  /** Reads the file, and adds its token to all calls of a channel. */
  static ClientInterceptor attach(BearerFile file) {
    try {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + file.read());
      return MetadataUtils.newAttachHeadersInterceptor(headers);
    } catch (TlsFileException e) {
      throw new UsageException("--token-file: " + e.getMessage());
    }
  }
}
