package dev.fencepost.lock.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The certificates and the key of one end of a connection.
 *
 * @param identity own certificate and key; empty for a client that proves nothing
 * @param authorities authorities whose certificates the peer may have; empty for those of the JVM
 */
public record TlsMaterial(Optional<CertifiedKey> identity, List<X509Certificate> authorities) {
  private static final char[] NO_PASSWORD = new char[0];

  /** Copies the authorities. */
  public TlsMaterial {
    authorities = List.copyOf(authorities);
  }

  /**
   * A certificate chain and its private key.
   *
   * @param chain own certificate first, then those that lead to the authority
   * @param key private key of the first
   */
  public record CertifiedKey(List<X509Certificate> chain, PrivateKey key) {
    /** Copies the chain. */
    public CertifiedKey {
      chain = List.copyOf(chain);
    }

    /** Returns the own certificate. */
    public X509Certificate certificate() {
      return chain.get(0);
    }

    @Override
    public String toString() {
      return "certificate of " + certificate().getSubjectX500Principal(); // never the key
    }
  }

  /**
   * Creates a context with TLS 1.2 and 1.3 that knows these certificates only. Connections of
   * different contexts share no TLS session, so a new context means a new handshake.
   */
  public SSLContext newContext() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(newKeyManagers(), new TrustManager[] {newTrustManager()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JVM cannot use the certificates", e);
    }
  }

  /** Creates a manager that accepts certificates of these authorities. */
  public X509TrustManager newTrustManager() {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(authorities.isEmpty() ? null : authorityStore());
      for (TrustManager each : factory.getTrustManagers()) {
        if (each instanceof X509TrustManager manager) {
          return manager;
        }
      }
      throw new IllegalStateException("the JVM judges no certificates");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JVM cannot use the authorities", e);
    }
  }

  private KeyStore authorityStore() throws GeneralSecurityException {
    KeyStore store = emptyStore();
    for (int i = 0; i < authorities.size(); i++) {
      store.setCertificateEntry("authority-" + i, authorities.get(i));
    }
    return store;
  }

  /** Creates managers that show the identity, if there is one. */
  public KeyManager[] newKeyManagers() {
    try {
      return keyManagers();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JVM cannot use the certificate", e);
    }
  }

  private KeyManager[] keyManagers() throws GeneralSecurityException {
    KeyStore store = emptyStore();
    if (identity.isPresent()) {
      CertifiedKey own = identity.get();
      store.setKeyEntry("own", own.key(), NO_PASSWORD, own.chain().toArray(new Certificate[0]));
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try {
      store.load(null, NO_PASSWORD);
    } catch (IOException e) {
      throw new IllegalStateException("nothing is read", e);
    }
    return store;
  }
}
