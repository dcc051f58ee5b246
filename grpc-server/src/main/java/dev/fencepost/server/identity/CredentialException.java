package dev.fencepost.server.identity;

/** A caller is not authenticated. Never contains the credential. */
public final class CredentialException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Fault fault;

  /** Reasons, as stable words for programs. */
  public enum Fault {
    /** The caller sent no credential, and anonymous callers are refused. */
    NO_CREDENTIAL,
    /** The credential is unknown, malformed, ambiguous or revoked. */
    BAD_CREDENTIAL,
    /** The credential was right and has ended. */
    CREDENTIAL_EXPIRED,
    /** A token came in plain text from another machine. */
    PLAINTEXT_CREDENTIAL
  }

  CredentialException(Fault fault, String detail) {
    super(fault + ": " + detail);
    this.fault = fault;
  }

  static CredentialException bad(String detail) {
    return new CredentialException(Fault.BAD_CREDENTIAL, detail);
  }

  /** Returns the reason. */
  public Fault fault() {
    return fault;
  }
}
