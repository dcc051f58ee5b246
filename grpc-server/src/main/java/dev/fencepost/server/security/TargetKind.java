package dev.fencepost.server.security;

/** The kind of thing that an operation is about. */
public enum TargetKind {
  /** A lock, by its name. */
  LOCK,
  /** A resource with a high-water mark, by its name. */
  RESOURCE,
  /** The server itself; it has no name. */
  SERVER
}
