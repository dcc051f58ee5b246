package dev.fencepost.server.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/**
 * Names the principals of client certificates. The first kind of name that a certificate has
 * decides. Two names of that kind are ambiguous and refused. Immutable.
 */
public final class CertificatePrincipals {
  private static final int DNS_TYPE = 2;
  private static final int URI_TYPE = 6;
  private static final int MAX_BYTES = 256;
  private static final String SPIFFE = "spiffe:";

  /** SPIFFE ID, sections 2.1 and 2.2, with at least one path segment. */
  private static final Pattern SPIFFE_ID =
      Pattern.compile("spiffe://([a-z0-9._-]{1,255})((?:/[A-Za-z0-9._-]+)+)");

  private static final Pattern DOT_SEGMENT = Pattern.compile(".*/\\.\\.?(/.*)?");

  private final List<CertificateName> order;
  private final Set<String> trustDomains;

  /**
   * Creates a mapping.
   *
   * @param order kinds of names, the first choice first
   * @param trustDomains trust domains of accepted SPIFFE ids; empty: any
   */
  public CertificatePrincipals(List<CertificateName> order, Set<String> trustDomains) {
    this.order = List.copyOf(order);
    this.trustDomains = Set.copyOf(trustDomains);
  }

  /**
   * Returns the principal of a certificate.
   *
   * @throws CredentialException if it has none, or its name is ambiguous or malformed
   */
  public CallerPrincipal of(X509Certificate certificate) {
    for (CertificateName kind : order) {
      List<String> names = names(certificate, kind);
      if (names.size() > 1) {
        throw CredentialException.bad(
            "the certificate has " + names.size() + " names of kind " + kind);
      }
      if (names.size() == 1) {
        return new CallerPrincipal(
            requireWellFormed(names.get(0)),
            "cert:" + fingerprint(certificate).substring(0, 16),
            certificate.getNotAfter().toInstant());
      }
    }
    throw CredentialException.bad("the certificate has no name of kind " + order);
  }

  /** Returns the SHA-256 of a certificate in lower-case hex digits, as {@code revoke} names it. */
  public static String fingerprint(X509Certificate certificate) {
    return HexFormat.of().formatHex(sha256(certificate));
  }

  /** Returns the SHA-256 of a certificate in Base64url, as a bound JWT names it. */
  static String thumbprint(X509Certificate certificate) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(sha256(certificate));
  }

  private static byte[] sha256(X509Certificate certificate) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } catch (CertificateEncodingException e) {
      throw CredentialException.bad("the certificate cannot be encoded");
    }
  }

  private List<String> names(X509Certificate certificate, CertificateName kind) {
    return switch (kind) {
      case URI -> alternatives(certificate, URI_TYPE).stream().map(this::ofUri).toList();
      case DNS ->
          alternatives(certificate, DNS_TYPE).stream()
              .filter(name -> name.indexOf('*') < 0)
              .map(name -> "dns:" + name.toLowerCase(Locale.ROOT))
              .toList();
      case CN -> commonNames(certificate).stream().map(name -> "cn:" + name).toList();
    };
  }

  private String ofUri(String uri) {
    if (!uri.toLowerCase(Locale.ROOT).startsWith(SPIFFE)) {
      return "uri:" + uri;
    }
    var parts = SPIFFE_ID.matcher(uri);
    if (!parts.matches() || DOT_SEGMENT.matcher(parts.group(2)).matches()) {
      throw CredentialException.bad("the certificate's SPIFFE id is malformed");
    }
    if (!trustDomains.isEmpty() && !trustDomains.contains(parts.group(1))) {
      throw CredentialException.bad(
          "the trust domain of the certificate's SPIFFE id is not accepted");
    }
    return uri;
  }

  private static List<String> alternatives(X509Certificate certificate, int type) {
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      List<String> names = new ArrayList<>();
      if (all != null) {
        for (List<?> each : all) {
          if (each.get(0) instanceof Integer number && number == type) {
            names.add(String.valueOf(each.get(1)));
          }
        }
      }
      return names;
    } catch (CertificateParsingException e) {
      throw CredentialException.bad("the certificate's alternative names cannot be read");
    }
  }

  private static List<String> commonNames(X509Certificate certificate) {
    try {
      List<String> names = new ArrayList<>();
      for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
        var common = part.toAttributes().get("CN");
        for (int i = 0; common != null && i < common.size(); i++) {
          if (!(common.get(i) instanceof String text)) {
            throw CredentialException.bad("the certificate's common name is no text");
          }
          names.add(text);
        }
      }
      return names;
    } catch (InvalidNameException e) {
      throw CredentialException.bad("the certificate's subject cannot be read");
    } catch (javax.naming.NamingException e) {
      throw CredentialException.bad("the certificate's common name cannot be read");
    }
  }

  private static String requireWellFormed(String principal) {
    boolean empty = principal.endsWith(":");
    if (empty
        || principal.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES
        || principal.chars().anyMatch(Character::isISOControl)) {
      throw CredentialException.bad(
          "the certificate's name is empty, longer than "
              + MAX_BYTES
              + " bytes or has control characters");
    }
    return principal;
  }
}
