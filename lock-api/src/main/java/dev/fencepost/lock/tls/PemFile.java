package dev.fencepost.lock.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The content of one PEM file (RFC 7468) at one moment. Text between the blocks is ignored, as
 * openssl writes it. Immutable.
 */
final class PemFile {
  /** Size of the largest file. The bundle of a whole operating system has a quarter of it. */
  private static final int MAX_BYTES = 1024 * 1024;

  private static final String CERTIFICATE = "CERTIFICATE";
  private static final String KEY = "PRIVATE KEY";
  private static final Pattern BEGIN = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----");

  /** Kinds of keys of TLS certificates. PKCS#8 names the kind, and a wrong factory refuses it. */
  private static final List<String> KEY_KINDS = List.of("EC", "RSA", "EdDSA");

  private final Path file;
  private final byte[] bytes;

  private PemFile(Path file, byte[] bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /**
   * Reads the file.
   *
   * @throws TlsFileException if it cannot be read or is larger than 1 MiB
   */
  static PemFile read(Path file) throws TlsFileException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new TlsFileException(file, "it is larger than 1 MiB");
      }
      return new PemFile(file, bytes);
    } catch (NoSuchFileException e) {
      throw new TlsFileException(file, "there is no such file");
    } catch (IOException e) {
      throw new TlsFileException(file, "it cannot be read: " + e.getMessage());
    }
  }

  Path file() {
    return file;
  }

  boolean hasSameContent(PemFile other) {
    return Arrays.equals(bytes, other.bytes);
  }

  /** Returns the certificates, at least one, in their order. */
  List<X509Certificate> certificates() throws TlsFileException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks()) {
      if (block.label.equals(CERTIFICATE) || block.label.equals("X509 CERTIFICATE")) {
        certificates.add(certificate(block));
      }
    }
    if (certificates.isEmpty()) {
      throw new TlsFileException(
          file, "it has no certificate (expected: " + begin(CERTIFICATE) + ")");
    }
    return certificates;
  }

  /** Returns the only private key. It must be in PKCS#8 and not encrypted. */
  PrivateKey privateKey() throws TlsFileException {
    List<Block> keys =
        blocks().stream().filter(block -> block.label.endsWith("PRIVATE KEY")).toList();
    if (keys.size() != 1) {
      String count = keys.isEmpty() ? "no private key" : "more than one private key";
      throw new TlsFileException(file, "it has " + count + " (expected: one, " + begin(KEY) + ")");
    }
    Block block = keys.get(0);
    if (!block.label.equals(KEY)) {
      throw new TlsFileException(
          file,
          "it has a key in another form, "
              + block.label
              + " (expected: PKCS#8 without a password; convert it with: openssl pkcs8 -topk8"
              + " -nodes)");
    }
    KeySpec spec = new PKCS8EncodedKeySpec(decode(block));
    for (String kind : KEY_KINDS) {
      Optional<PrivateKey> key = privateKey(kind, spec);
      if (key.isPresent()) {
        return key.get();
      }
    }
    throw new TlsFileException(
        file, "it has a damaged private key, or one of another kind than EC, RSA and Ed25519");
  }

  /** Returns the key; empty if it is of another kind. */
  private static Optional<PrivateKey> privateKey(String kind, KeySpec spec) {
    try {
      return Optional.of(KeyFactory.getInstance(kind).generatePrivate(spec));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private X509Certificate certificate(Block block) throws TlsFileException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(decode(block)));
    } catch (CertificateException e) {
      throw new TlsFileException(file, "it has a damaged certificate: " + e.getMessage());
    }
  }

  /** One block: its label and the text between its lines. */
  private record Block(String label, String base64) {}

  private List<Block> blocks() throws TlsFileException {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<Block> blocks = new ArrayList<>();
    Matcher begin = BEGIN.matcher(text);
    int from = 0;
    while (begin.find(from)) {
      String label = begin.group(1);
      int end = text.indexOf("-----END " + label + "-----", begin.end());
      if (end < 0) {
        throw new TlsFileException(file, "it ends within a block " + label);
      }
      blocks.add(new Block(label, text.substring(begin.end(), end)));
      from = end + 1;
    }
    return blocks;
  }

  private byte[] decode(Block block) throws TlsFileException {
    try {
      return Base64.getMimeDecoder().decode(block.base64);
    } catch (IllegalArgumentException e) {
      throw new TlsFileException(file, "it has a damaged block " + block.label);
    }
  }

  private static String begin(String label) {
    return "-----BEGIN " + label + "-----";
  }
}
