package dev.fencepost.benchmarks.contender;

/** A property that decides in which scenarios a contender takes part. */
public enum ContenderTrait {
  /** Talks to Fencepost. */
  FENCEPOST,
  /** Talks to a Fencepost of its own, over mutual TLS and with rules. */
  SECURED,
  /** Only exchanges messages and locks nothing. It is not checked and cannot contend. */
  TRANSPORT,
  /** Sends the store's commands and Fencepost's messages, without a lock service between them. */
  CEILING,
  /** Is broken on purpose, so that the checks must catch it. */
  CONTROL,
  /** Has no leases: a dead holder keeps its lock while its connection is open. */
  NO_LEASE,
  /** Renews its locks until the process ends. */
  RENEWS,
  /** Waits without a thread. */
  ASYNCHRONOUS
}
