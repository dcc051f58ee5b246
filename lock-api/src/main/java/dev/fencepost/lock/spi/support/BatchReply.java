package dev.fencepost.lock.spi.support;

/**
 * The outcome of one request of a batch.
 *
 * @param <A> the type of answers
 */
public sealed interface BatchReply<A> {

  /** The store's answer. */
  record Answered<A>(A answer) implements BatchReply<A> {}

  /** The request failed for a reason of its own. */
  record Failed<A>(Throwable error) implements BatchReply<A> {}

  /** Not executed, because of another request in the batch: it is sent again, alone. */
  record SendAlone<A>() implements BatchReply<A> {}
}
