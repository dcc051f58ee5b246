package dev.fencepost.server.transport;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The names for which a certificate is valid: its alternative names of hosts and of addresses.
 * Clients ignore its common name.
 *
 * @param names names and addresses, in lower case
 */
record CertificateNames(List<String> names) {
  private static final int DNS = 2;
  private static final int ADDRESS = 7;

  static CertificateNames of(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    for (List<?> each : alternativeNames(certificate)) {
      Object kind = each.get(0);
      if (kind.equals(DNS) || kind.equals(ADDRESS)) {
        names.add(String.valueOf(each.get(1)).toLowerCase(Locale.ROOT));
      }
    }
    return new CertificateNames(List.copyOf(names));
  }

  /** Returns true if clients that connect to the host accept the certificate. */
  boolean contains(String host) {
    String wanted = host.toLowerCase(Locale.ROOT);
    int dot = wanted.indexOf('.');
    String wildcard = dot < 0 ? wanted : "*" + wanted.substring(dot);
    return names.contains(wanted) || names.contains(wildcard);
  }

  private static Collection<List<?>> alternativeNames(X509Certificate certificate) {
    try {
      @Nullable Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names == null ? List.of() : names;
    } catch (CertificateParsingException e) {
      return List.of(); // a client cannot read them either
    }
  }
}
