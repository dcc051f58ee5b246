package dev.fencepost.backend.redis.connection;

import java.util.concurrent.CompletionStage;

/**
 * A request to Redis.
 *
 * @param <R> the reply as it arrives
 * @param <T> the reply's meaning
 */
public interface RedisRequest<R, T> {

  /**
   * Sends the request.
   *
   * @param withText whether to send a script's text instead of its digest, which Redis did not know
   */
  CompletionStage<R> send(boolean withText);

  /** Parses the reply. */
  T parse(R reply);
}
