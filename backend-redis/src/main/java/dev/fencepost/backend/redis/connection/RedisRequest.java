package dev.fencepost.backend.redis.connection;

import java.util.concurrent.CompletionStage;

/**
 * Something to be asked of the store.
 *
 * @param <R> what the store replies
 * @param <T> what that means
 */
public interface RedisRequest<R, T> {

  /**
   * Sends it.
   *
   * @param withText whether to send a script's text, since the store does not know its digest
   */
  CompletionStage<R> send(boolean withText);

  /** Reads the reply. */
  T parse(R reply);
}
