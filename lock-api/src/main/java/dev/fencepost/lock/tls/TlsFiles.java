package dev.fencepost.lock.tls;

import dev.fencepost.lock.tls.TlsMaterial.CertifiedKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files of one end of a connection.
 *
 * @param certificate own chain, the own certificate first; empty if there is none
 * @param key its private key, PKCS#8; present exactly if the certificate is
 * @param authorities authorities of the peer; empty for those of the JVM
 */
public record TlsFiles(Optional<Path> certificate, Optional<Path> key, Optional<Path> authorities) {
  private static final byte[] PROBE = "fencepost".getBytes(StandardCharsets.US_ASCII);

  /** Checks that certificate and key are both given or both not. */
  public TlsFiles {
    if (certificate.isPresent() != key.isPresent()) {
      throw new IllegalArgumentException("a certificate and its key are given together");
    }
  }

  /**
   * Reads and judges the files: the key must fit the certificate, which must be valid now.
   *
   * @throws TlsFileException for the first fault
   */
  public TlsMaterial load() throws TlsFileException {
    return read().material();
  }

  /** Reads the files without judging them. */
  Content read() throws TlsFileException {
    return new Content(read(certificate), read(key), read(authorities));
  }

  private static @Nullable PemFile read(Optional<Path> file) throws TlsFileException {
    return file.isPresent() ? PemFile.read(file.get()) : null;
  }

  /** The content of the files at one moment. */
  record Content(
      @Nullable PemFile certificate, @Nullable PemFile key, @Nullable PemFile authorities) {

    boolean isSame(Content other) {
      return Stream.of(
              isSame(certificate, other.certificate),
              isSame(key, other.key),
              isSame(authorities, other.authorities))
          .allMatch(same -> same);
    }

    private static boolean isSame(@Nullable PemFile one, @Nullable PemFile other) {
      return one == null ? other == null : other != null && one.hasSameContent(other);
    }

    TlsMaterial material() throws TlsFileException {
      Optional<CertifiedKey> identity =
          certificate == null
              ? Optional.empty()
              : Optional.of(identity(certificate, Objects.requireNonNull(key)));
      return new TlsMaterial(
          identity, authorities == null ? List.of() : authorities.certificates());
    }
  }

  private static CertifiedKey identity(PemFile certificate, PemFile key) throws TlsFileException {
    List<X509Certificate> chain = certificate.certificates();
    X509Certificate own = chain.get(0);
    try {
      own.checkValidity();
    } catch (CertificateExpiredException e) {
      throw new TlsFileException(
          certificate.file(), "the certificate ended at " + own.getNotAfter().toInstant());
    } catch (CertificateNotYetValidException e) {
      throw new TlsFileException(
          certificate.file(), "the certificate begins at " + own.getNotBefore().toInstant());
    }
    PrivateKey privateKey = key.privateKey();
    if (!fits(own, privateKey)) {
      throw new TlsFileException(
          key.file(), "it is not the key of the certificate in " + certificate.file());
    }
    return new CertifiedKey(chain, privateKey);
  }

  private static boolean fits(X509Certificate certificate, PrivateKey key) {
    String kind = key.getAlgorithm();
    String algorithm =
        switch (kind) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> kind;
        };
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(PROBE);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
