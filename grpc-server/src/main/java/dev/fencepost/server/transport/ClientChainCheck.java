package dev.fencepost.server.transport;

import dev.fencepost.lock.tls.TlsMaterial;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.X509TrustManager;

/** Judges certificate chains of clients after their handshake. Thread-safe. */
final class ClientChainCheck {
  private final X509TrustManager judge;

  /** Creates a check that accepts the certificates of these authorities. */
  ClientChainCheck(List<X509Certificate> authorities) {
    this.judge = new TlsMaterial(Optional.empty(), authorities).newTrustManager();
  }

  /** Returns true if the chain is valid now, and for a client that has no certificate. */
  boolean accepts(List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      return true;
    }
    try {
      String keyKind = chain.get(0).getPublicKey().getAlgorithm();
      judge.checkClientTrusted(chain.toArray(new X509Certificate[0]), keyKind);
      return true;
    } catch (CertificateException e) {
      return false;
    }
  }
}
