package dev.fencepost.server;

/** The release of this server. */
final class ServerVersion {
  private ServerVersion() {}

  /** As written in the jar; {@code dev} outside of one. */
  static String current() {
    String version = ServerVersion.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
