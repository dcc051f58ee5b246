package dev.fencepost.testkit.tls;

import static dev.fencepost.testkit.tls.DerWriter.bitString;
import static dev.fencepost.testkit.tls.DerWriter.integer;
import static dev.fencepost.testkit.tls.DerWriter.octetString;
import static dev.fencepost.testkit.tls.DerWriter.oid;
import static dev.fencepost.testkit.tls.DerWriter.sequence;
import static dev.fencepost.testkit.tls.DerWriter.set;
import static dev.fencepost.testkit.tls.DerWriter.tagged;
import static dev.fencepost.testkit.tls.DerWriter.time;
import static dev.fencepost.testkit.tls.DerWriter.utf8;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Base64;
import java.util.stream.Stream;

/**
 * A certificate authority of a test, with keys on the curve P-256. Its own certificate begins in
 * 2020 and ends in 2060.
 */
public final class TestAuthority {
  private static final Instant BEGIN = Instant.parse("2020-01-01T00:00:00Z");
  private static final Instant END = Instant.parse("2060-01-01T00:00:00Z");
  private static final Instant PAST_END = Instant.parse("2021-01-01T00:00:00Z");
  private static final int SERIAL_BITS = 63;
  private static final int CONTEXT = 0x80;
  private static final int CONSTRUCTED = 0xa0;
  private static final byte[] TRUE = {0x01, 0x01, (byte) 0xff};
  private static final byte[] ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

  private final String name;
  private final KeyPair keys = newKeys();
  private final String certificate;

  /** The purpose of a certificate. */
  public enum Purpose {
    /** It names a server. */
    SERVER("1.3.6.1.5.5.7.3.1"),
    /** It names a client. */
    CLIENT("1.3.6.1.5.5.7.3.2");

    private final String id;

    Purpose(String id) {
      this.id = id;
    }
  }

  private TestAuthority(String name) {
    this.name = name;
    byte[] isAuthority = extension("2.5.29.19", sequence(TRUE));
    this.certificate = pem("CERTIFICATE", sign(name, keys, BEGIN, END, isAuthority));
  }

  /** Makes an authority with new keys. */
  public static TestAuthority create(String name) {
    return new TestAuthority(name);
  }

  /** Returns its certificate, as PEM. */
  public String certificate() {
    return certificate;
  }

  /**
   * Issues a certificate that ends in 2060.
   *
   * @param names alternative names: {@code DNS:…}, {@code IP:…} or {@code URI:…}
   */
  public TestCertificate issue(Purpose purpose, String commonName, String... names) {
    return issue(purpose, commonName, END, names);
  }

  /** As {@link #issue(Purpose, String, String...)}, but it ended in 2021. */
  public TestCertificate issueExpired(Purpose purpose, String commonName, String... names) {
    return issue(purpose, commonName, PAST_END, names);
  }

  private TestCertificate issue(Purpose purpose, String commonName, Instant end, String... names) {
    KeyPair own = newKeys();
    byte[] usage = extension("2.5.29.37", sequence(oid(purpose.id)));
    byte[][] extensions =
        names.length == 0
            ? new byte[][] {usage}
            : new byte[][] {
              usage,
              extension(
                  "2.5.29.17",
                  sequence(Stream.of(names).map(TestAuthority::generalName).toArray(byte[][]::new)))
            };
    return new TestCertificate(
        pem("CERTIFICATE", sign(commonName, own, BEGIN, end, extensions)),
        pem("PRIVATE KEY", own.getPrivate().getEncoded()));
  }

  /** Returns a certificate (RFC 5280, section 4.1). */
  private byte[] sign(
      String subject, KeyPair subjectKeys, Instant begin, Instant end, byte[]... extensions) {
    byte[] content =
        sequence(
            tagged(CONSTRUCTED, integer(BigInteger.TWO)),
            integer(new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE)),
            ECDSA_WITH_SHA256,
            commonName(name),
            sequence(time(begin), time(end)),
            commonName(subject),
            subjectKeys.getPublic().getEncoded(),
            tagged(CONSTRUCTED | 3, sequence(extensions)));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(content);
      return sequence(content, ECDSA_WITH_SHA256, bitString(signature.sign()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] commonName(String text) {
    return sequence(set(sequence(oid("2.5.4.3"), utf8(text))));
  }

  private static byte[] extension(String id, byte[] content) {
    return sequence(oid(id), octetString(content));
  }

  private static byte[] generalName(String name) {
    String value = name.substring(name.indexOf(':') + 1);
    byte[] text = value.getBytes(StandardCharsets.US_ASCII);
    if (name.startsWith("DNS:")) {
      return tagged(CONTEXT | 2, text);
    }
    if (name.startsWith("URI:")) {
      return tagged(CONTEXT | 6, text);
    }
    if (!name.startsWith("IP:")) {
      throw new IllegalArgumentException(name);
    }
    try {
      return tagged(CONTEXT | 7, InetAddress.getByName(value).getAddress());
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(name, e);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String label, byte[] content) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
  }
}
