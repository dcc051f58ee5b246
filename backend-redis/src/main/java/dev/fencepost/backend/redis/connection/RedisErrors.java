package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Maps exceptions of the client library and error replies of Redis to {@link StoreException}s. */
public final class RedisErrors {

  /** Codes of a server that cannot serve now: starting, busy, demoted, cut off or not in charge. */
  private static final Set<String> PASSING =
      Set.of(
          "READONLY",
          "LOADING",
          "BUSY",
          "MISCONF",
          "NOREPLICAS",
          "MASTERDOWN",
          "CLUSTERDOWN",
          "MOVED",
          "ASK",
          "TRYAGAIN");

  private RedisErrors() {}

  /** Returns the exception for the caller. Its message contains no data of the store. */
  public static RuntimeException of(Throwable error) {
    Throwable cause = unwrap(error);
    if (cause instanceof StoreException known) {
      return known;
    }
    if (cause instanceof RedisCommandExecutionException) {
      return answered(code(cause), cause);
    }
    if (cause instanceof RedisCommandTimeoutException) {
      return new StoreException(
          Failure.STORE_TIMEOUT, "no answer from Redis within the call timeout", cause);
    }
    if (cause instanceof RedisException
        || cause instanceof IOException
        || cause instanceof CancellationException) {
      return new StoreException(
          Failure.STORE_UNREACHABLE, "no connection to Redis, or it broke", cause);
    }
    return new StoreException(Failure.STORE_ERROR, "the call failed in this server", cause);
  }

  /** True if the server does not know the script. */
  public static boolean isUnknownScript(Throwable error) {
    return unwrap(error) instanceof RedisNoScriptException;
  }

  /** True if the connection broke or the server answered that it cannot serve now. */
  public static boolean isUnreachable(Throwable error) {
    return of(error) instanceof StoreException known
        && known.failure() == Failure.STORE_UNREACHABLE;
  }

  /** True if the server answered that it takes no writes, or none any more. */
  static boolean isDemotion(Throwable error) {
    Throwable cause = unwrap(error);
    return cause instanceof RedisCommandExecutionException && code(cause).equals("READONLY");
  }

  /** Returns the first word of an error reply; the whole message if it has no space. */
  static String code(Throwable error) {
    String message = String.valueOf(error.getMessage());
    int space = message.indexOf(' ');
    return space < 0 ? message : message.substring(0, space);
  }

  public static Throwable unwrap(Throwable error) {
    Throwable cause = error.getCause();
    boolean wraps = error instanceof CompletionException || error instanceof ExecutionException;
    return wraps && cause != null ? unwrap(cause) : error;
  }

  private static StoreException answered(String code, Throwable cause) {
    if (code.equals("OOM")) {
      return new StoreException(Failure.STORE_FULL, "Redis has no memory for new records", cause);
    }
    if (PASSING.contains(code)) {
      return new StoreException(
          Failure.STORE_UNREACHABLE, "Redis cannot serve now: " + code, cause);
    }
    return new StoreException(Failure.STORE_ERROR, "Redis answered with an error: " + code, cause);
  }
}
