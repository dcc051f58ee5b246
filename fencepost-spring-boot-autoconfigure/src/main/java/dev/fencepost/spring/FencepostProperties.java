package dev.fencepost.spring;

import dev.fencepost.client.ClientTls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the client.
 *
 * @param target Address of the servers: host:port, several separated by commas, or
 *     dns:///host:port. The default port is 7420.
 * @param ttl Lease of locks that name none, 2s to 24h. Default: the server's.
 * @param callTimeout Longest time without an answer, not counting waits for a lock; 100ms to 10m.
 * @param service Name of the service as people see it on a lock. Default: spring.application.name.
 * @param metadata Metadata for people who look at a lock; at most 32 entries and 4 KiB.
 * @param bearerFile File with the token that proves the identity of the client. It is read for each
 *     new connection.
 * @param fenceTable Guard table of lock-fence in the database of the DataSource. Each transaction
 *     in a locked method then presents the token of its lock. Default: none.
 * @param tls Encryption of the connections.
 */
@ConfigurationProperties("fencepost")
public record FencepostProperties(
    @DefaultValue("localhost:7420") String target,
    @Nullable Duration ttl,
    @DefaultValue("10s") Duration callTimeout,
    @DefaultValue("") String service,
    @DefaultValue Map<String, String> metadata,
    @Nullable Path bearerFile,
    @DefaultValue("") String fenceTable,
    @DefaultValue Tls tls) {

  /**
   * Settings of TLS. The files are read again each second.
   *
   * @param enabled Whether the connections are encrypted. Default: whether authorities, certificate
   *     or server name is set.
   * @param authorities PEM file with the authorities of the servers. Default: those of the JVM.
   * @param certificate PEM file with the client's certificate chain, its own certificate first. Set
   *     together with the key.
   * @param key PEM file with the private key of the certificate, PKCS#8 without a password.
   * @param serverName Name that the certificates of all servers must have. Default: the host by
   *     which a server is reached.
   */
  public record Tls(
      @Nullable Boolean enabled,
      @Nullable Path authorities,
      @Nullable Path certificate,
      @Nullable Path key,
      @Nullable String serverName) {

    /**
     * Checks that certificate and key are set together.
     *
     * @throws IllegalArgumentException if one of them is missing
     */
    public Tls {
      if ((certificate == null) != (key == null)) {
        throw new IllegalArgumentException(
            "fencepost.tls.certificate, fencepost.tls.key: one is missing");
      }
    }

    /** Returns the client's TLS; empty for plain text. */
    Optional<ClientTls> clientTls() {
      boolean isSet = authorities != null || certificate != null || serverName != null;
      if (!(enabled == null ? isSet : enabled)) {
        return Optional.empty();
      }
      ClientTls tls = authorities == null ? ClientTls.ofJvm() : ClientTls.of(authorities);
      if (certificate != null && key != null) {
        tls = tls.certificate(certificate, key);
      }
      return Optional.of(serverName == null ? tls : tls.serverName(serverName));
    }
  }
}
