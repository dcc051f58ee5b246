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
    /** A JWT names a key that this server does not have yet. A later attempt may pass. */
    UNKNOWN_KEY,
    /** A token came in plain text from another machine. */
    PLAINTEXT_CREDENTIAL
  }

  CredentialException(Fault fault, String detail) {
    super(fault + ": " + detail);
    this.fault = fault;
  }

  /** Creates the refusal of a credential that is not valid. */
  public static CredentialException bad(String detail) {
    return new CredentialException(Fault.BAD_CREDENTIAL, detail);
  }

  /** Creates the refusal of a credential that was right and has ended. */
  public static CredentialException expired() {
    return new CredentialException(Fault.CREDENTIAL_EXPIRED, "the credential has ended");
  }

  /** Returns the reason. */
  public Fault fault() {
    return fault;
  }
}
