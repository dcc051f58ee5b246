package dev.fencepost.cli.console;

import java.util.Optional;

/** An option that says how servers are reached. Each may stand in a context. */
public enum ConnectionOption {
  /** The servers. */
  SERVER("server", "FENCEPOST_SERVER", "H:P[,H:P…]", "The servers", false),
  /** The authorities of the servers. */
  TLS_CA("tls-ca", "FENCEPOST_TLS_CA", "F", "PEM file with the servers' authority; TLS", true),
  /** The own certificate. */
  TLS_CERT("tls-cert", "FENCEPOST_CLIENT_CERT", "F", "PEM file with the own certificate", true),
  /** The key of the own certificate. */
  TLS_KEY("tls-key", "FENCEPOST_CLIENT_KEY", "F", "PEM file with its private key, PKCS#8", true),
  /** The name of the servers. */
  TLS_SERVER_NAME(
      "tls-server-name",
      "FENCEPOST_TLS_SERVER_NAME",
      "NAME",
      "The name in the servers' certificates, if it is not the host",
      false),
  /** The file with a bearer token. */
  TOKEN_FILE("token-file", "FENCEPOST_TOKEN_FILE", "F", "File with a token that names you", true);

  private final String key;
  private final String variable;
  private final String label;
  private final String description;
  private final boolean isFile;

  ConnectionOption(String key, String variable, String label, String description, boolean isFile) {
    this.key = key;
    this.variable = variable;
    this.label = label;
    this.description = description;
    this.isFile = isFile;
  }

  /** Its name in a context. */
  public String key() {
    return key;
  }

  /** Its name on the command line. */
  public String flag() {
    return "--" + key;
  }

  /** Its name in the environment. */
  public String variable() {
    return variable;
  }

  /** The name of its value in help texts. */
  public String label() {
    return label;
  }

  /** Its meaning, without its default. */
  public String description() {
    return description;
  }

  /** Whether its value is the path of a file. */
  public boolean isFile() {
    return isFile;
  }

  static Optional<ConnectionOption> ofKey(String key) {
    for (ConnectionOption each : values()) {
      if (each.key.equals(key)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
