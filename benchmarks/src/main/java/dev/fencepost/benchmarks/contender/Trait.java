package dev.fencepost.benchmarks.contender;

/** What sets contenders apart in the report. */
public enum Trait {
  /** Ours. */
  FENCEPOST,
  /** No lock at all: the messages alone. Nothing is checked, and it cannot contend. */
  TRANSPORT,
  /** The store's commands and the messages, without a lock service between them. */
  CEILING,
  /** Deliberately broken: the checks must catch it. */
  CONTROL,
  /** Its locks have no lease: whoever dies with his connection open keeps them. */
  NO_LEASE,
  /** Waiters knock again and again. */
  POLLS,
  /** Keeps what it holds for as long as it lives. */
  RENEWS,
  /** Waiting needs no thread. */
  ASYNCHRONOUS,
  /** Goes through whichever replica comes next. */
  UNROUTED
}
