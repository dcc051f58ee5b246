package dev.fencepost.server;

/** The version of this server. */
final class ServerVersion {
  private ServerVersion() {}

  /** Returns the version in the manifest of the jar, or {@code dev} outside of a jar. */
  static String current() {
    String version = ServerVersion.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
