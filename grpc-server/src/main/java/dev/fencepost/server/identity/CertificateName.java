package dev.fencepost.server.identity;

/** The parts of a client certificate that can name its principal. */
public enum CertificateName {
  /** URI of the subject's alternative names; SPIFFE ids are such. */
  URI,
  /** DNS name of the subject's alternative names. */
  DNS,
  /** Common name of the subject. */
  CN
}
