package dev.fencepost.server;

/** The release of this server. */
final class Version {
  private Version() {}

  /** As written in the jar; {@code dev} outside of one. */
  static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
