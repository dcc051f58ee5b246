package dev.fencepost.server.transport;

import dev.fencepost.lock.tls.TlsFiles;
import java.util.List;

/**
 * TLS of a server, for gRPC and for HTTP.
 *
 * @param files certificate and key of the server; the authorities are those of clients, none if
 *     clients are not asked for certificates
 * @param clientAuth whether gRPC clients must have a certificate
 * @param minVersion oldest version of TLS that is spoken
 */
public record TlsSettings(TlsFiles files, ClientAuth clientAuth, MinVersion minVersion) {

  /** Whether clients show certificates. */
  public enum ClientAuth {
    /** They are not asked. */
    OFF,
    /** They are asked; one that has none of a known authority arrives without. */
    OPTIONAL,
    /** A client without a valid certificate is not let in. */
    REQUIRED
  }

  /** Versions of TLS that are spoken. Older ones are broken, so there is no name for them. */
  public enum MinVersion {
    /** TLS 1.2 and 1.3. */
    TLS_1_2("1.2"),
    /** TLS 1.3 only. */
    TLS_1_3("1.3");

    private final String text;

    MinVersion(String text) {
      this.text = text;
    }

    /** Returns the version as the configuration writes it. */
    public String text() {
      return text;
    }

    List<String> protocols() {
      return this == TLS_1_3 ? List.of("TLSv1.3") : List.of("TLSv1.3", "TLSv1.2");
    }
  }
}
